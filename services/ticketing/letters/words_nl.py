"""Letters to buyers in Dutch."""

from __future__ import annotations

from typing import Final

from services.ticketing.domain.delivery import DeliveryKind
from services.ticketing.letters.words import KindWords, LetterWords

LETTER: Final = LetterWords(
    greeting="Beste {},",
    greeting_nobody="Hallo,",
    kinds={
        DeliveryKind.CONFIRMATION: KindWords(
            "Uw kaarten voor {title}", "Uw kaarten", "Bedankt voor uw bestelling bij {house}. Dit hebt u gekocht."
        ),
        DeliveryKind.AGAIN: KindWords(
            "Uw kaarten voor {title}, opnieuw verzonden", "Uw kaarten", "Hier zijn uw kaarten van {house} nog een keer."
        ),
        DeliveryKind.CHANGED: KindWords(
            "Gewijzigd: uw kaarten voor {title}",
            "Uw kaarten zijn gewijzigd",
            "Er is iets gewijzigd aan uw kaarten bij {house}. Gebruik vanaf nu de bijgevoegde kaarten.",
        ),
        DeliveryKind.RECEIVED: KindWords(
            "Kaarten voor {title} zijn nu van u",
            "Deze kaarten zijn nu van u",
            "Iemand heeft kaarten voor {house} aan u overgedragen. Ze staan vanaf nu op uw naam.",
        ),
        DeliveryKind.PASSED_ON: KindWords(
            "Overgedragen: kaarten voor {title}",
            "Kaarten overgedragen",
            "Deze kaarten voor {house} zijn nu van iemand anders. De vorige codes geven geen toegang meer.",
        ),
        DeliveryKind.MOVED: KindWords(
            "Nieuwe datum: {title}",
            "Een nieuwe datum",
            "{house} heeft een voorstelling verplaatst waarvoor u kaarten hebt. "
            "Uw kaarten blijven geldig op de nieuwe datum.",
        ),
        DeliveryKind.CANCELLED: KindWords(
            "Geannuleerd: {title}",
            "Geannuleerd",
            "Helaas heeft {house} een voorstelling moeten annuleren waarvoor u kaarten hebt. "
            "U hoort van het theater hoe het met uw geld gaat; u hoeft nu niets te doen.",
        ),
        DeliveryKind.REFUND_ASKED: KindWords(
            "Uw verzoek: {title}",
            "We hebben uw verzoek ontvangen",
            "U hebt {house} gevraagd deze kaarten terug te nemen. Ze blijven geldig tot daarover beslist is; "
            "u hoort dan van ons.",
        ),
        DeliveryKind.REFUND_GRANTED: KindWords(
            "Teruggenomen: {title}",
            "Uw kaarten zijn teruggenomen",
            "{house} heeft deze kaarten teruggenomen. Ze geven geen toegang meer.",
        ),
        DeliveryKind.REFUND_DECLINED: KindWords(
            "Over uw verzoek: {title}",
            "Uw verzoek is afgewezen",
            "U hebt {house} gevraagd deze kaarten terug te nemen. Dat kan helaas niet: "
            "ze blijven van u en blijven geldig.",
        ),
    },
    and_more="{title} en nog {count}",
    order="Bestelling",
    when="Wanneer",
    was="Was",
    doors="Deuren open",
    where="Waar",
    seats="Plaatsen",
    seat="Plaats",
    kind="Kaart",
    price="Prijs",
    for_name="voor {}",
    cancelled="Geannuleerd",
    total="Totaal",
    vat="waarvan btw {rate}",
    no_vat="Alle prijzen zijn inclusief btw.",
    tickets_attached="Uw kaarten zitten als pdf bij deze mail. Laat ze op uw telefoon zien of druk ze af: "
    "elke code geeft één persoon één keer toegang.",
    to_google_wallet="Toevoegen aan Google Wallet",
    wallet_card_attached="Een kaart voor Apple Wallet zit als bijlage bij deze mail.",
    calendar_attached="Met het bijgevoegde agendabestand zet u de datum in uw agenda.",
    calendar_removed="Met het bijgevoegde agendabestand verdwijnt de datum uit uw agenda.",
    refund_until="Kunt u niet op de nieuwe datum? Tot {until} kunt u uw geld terugvragen bij {house}.",
    refund_back="U krijgt terug",
    refund_as_money="Het geld gaat terug langs de weg waarlangs u betaald hebt. Bij bank of kaart duurt dat "
    "tot tien dagen.",
    refund_as_voucher="U krijgt het als tegoedbon van {house}. De code is geld: wie hem kent, kan hem gebruiken. "
    "Bewaar deze mail.",
    refund_to_voucher="Wat u met een tegoedbon had betaald, staat weer op die tegoedbon.",
    voucher="Tegoedbon van {}",
    refund_as_gift="U wilde er niets voor terug: dank u voor uw gift aan {house}.",
    refund_reason="{house} schrijft:",
    is_copy="Misschien hebt u deze mail al ontvangen. Het is dezelfde bestelling en het zijn dezelfde kaarten.",
    automatic="Deze mail is automatisch verzonden door {house}.",
    calendar="Agenda",
    calendar_order="Bestelling {}",
)
