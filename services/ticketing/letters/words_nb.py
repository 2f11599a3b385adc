"""Letters to buyers in Norwegian."""

from __future__ import annotations

from typing import Final

from services.ticketing.domain.delivery import DeliveryKind
from services.ticketing.letters.words import KindWords, LetterWords

LETTER: Final = LetterWords(
    greeting="Hei {},",
    greeting_nobody="Hei,",
    kinds={
        DeliveryKind.CONFIRMATION: KindWords(
            "Billettene dine til {title}", "Billettene dine", "Takk for bestillingen hos {house}. Dette har du kjøpt."
        ),
        DeliveryKind.AGAIN: KindWords(
            "Billettene dine til {title}, sendt på nytt",
            "Billettene dine",
            "Her er billettene dine fra {house} en gang til.",
        ),
        DeliveryKind.CHANGED: KindWords(
            "Endret: billettene dine til {title}",
            "Billettene dine er endret",
            "Noe ved billettene dine hos {house} er endret. Bruk de vedlagte fra nå av.",
        ),
        DeliveryKind.RECEIVED: KindWords(
            "Billetter til {title} er nå dine",
            "Disse billettene er nå dine",
            "Noen har overført billetter til {house} til deg. De står i ditt navn fra nå av.",
        ),
        DeliveryKind.PASSED_ON: KindWords(
            "Overført: billetter til {title}",
            "Billetter overført",
            "Disse billettene til {house} tilhører nå noen andre. De tidligere kodene slipper ingen inn lenger.",
        ),
        DeliveryKind.MOVED: KindWords(
            "Ny dato: {title}",
            "En ny dato",
            "{house} har flyttet en forestilling du har billetter til. Billettene dine gjelder på den nye datoen.",
        ),
        DeliveryKind.CANCELLED: KindWords(
            "Avlyst: {title}",
            "Avlyst",
            "Dessverre har {house} måttet avlyse en forestilling du har billetter til. "
            "Huset gir beskjed om pengene dine; du trenger ikke gjøre noe nå.",
        ),
        DeliveryKind.REFUND_ASKED: KindWords(
            "Din forespørsel: {title}",
            "Vi har fått forespørselen din",
            "Du har bedt {house} om å ta disse billettene tilbake. De gjelder til det er avgjort, "
            "og da hører du fra oss.",
        ),
        DeliveryKind.REFUND_GRANTED: KindWords(
            "Tatt tilbake: {title}",
            "Billettene dine er tatt tilbake",
            "{house} har tatt disse billettene tilbake. De gir ikke adgang lenger.",
        ),
        DeliveryKind.REFUND_DECLINED: KindWords(
            "Om forespørselen din: {title}",
            "Forespørselen din er avslått",
            "Du har bedt {house} om å ta disse billettene tilbake. Det går dessverre ikke: "
            "de er fortsatt dine og gjelder fortsatt.",
        ),
    },
    and_more="{title} og {count} til",
    order="Bestilling",
    when="Når",
    was="Før",
    doors="Dørene åpner",
    where="Hvor",
    seats="Plasser",
    seat="Plass",
    kind="Billett",
    price="Pris",
    for_name="til {}",
    cancelled="Avlyst",
    total="Sum",
    vat="herav mva. {rate}",
    no_vat="Alle priser er inkludert mva.",
    tickets_attached="Billettene dine er vedlagt som PDF. Vis dem på telefonen eller skriv dem ut: "
    "hver kode slipper inn én person én gang.",
    to_google_wallet="Legg til i Google Wallet",
    wallet_card_attached="Et kort for Apple Wallet er vedlagt.",
    calendar_attached="Kalenderfilen som er vedlagt, legger datoen inn i kalenderen din.",
    calendar_removed="Kalenderfilen som er vedlagt, tar datoen ut av kalenderen din.",
    refund_until="Kan du ikke komme på den nye datoen? Du kan be {house} om pengene tilbake til og med {until}.",
    refund_back="Du får tilbake",
    refund_as_money="Pengene er på vei tilbake slik du betalte. Med bank eller kort tar det opptil ti dager.",
    refund_as_voucher="Du får det som et gavekort fra {house}. Koden er penger: den som kjenner den, kan bruke den. "
    "Ta vare på denne e-posten.",
    refund_to_voucher="Det du hadde betalt med et gavekort, er tilbake på det gavekortet.",
    voucher="Gavekort på {}",
    refund_as_gift="Du ønsket ingenting tilbake: takk for gaven til {house}.",
    refund_reason="{house} skriver:",
    is_copy="Denne e-posten kan ha nådd deg før. Det er samme bestilling og de samme billettene.",
    automatic="Denne e-posten ble sendt automatisk av {house}.",
    calendar="Kalender",
    calendar_order="Bestilling {}",
)
