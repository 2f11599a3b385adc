"""Letters to buyers in German."""

from __future__ import annotations

from typing import Final

from services.ticketing.domain.delivery import DeliveryKind
from services.ticketing.letters.words import KindWords, LetterWords

LETTER: Final = LetterWords(
    greeting="Guten Tag {},",
    greeting_nobody="Guten Tag,",
    kinds={
        DeliveryKind.CONFIRMATION: KindWords(
            "Ihre Karten für {title}",
            "Ihre Karten",
            "vielen Dank für Ihre Bestellung bei {house}. Das haben Sie gekauft.",
        ),
        DeliveryKind.AGAIN: KindWords(
            "Ihre Karten für {title}, erneut gesendet", "Ihre Karten", "hier sind Ihre Karten von {house} noch einmal."
        ),
        DeliveryKind.CHANGED: KindWords(
            "Geändert: Ihre Karten für {title}",
            "Ihre Karten haben sich geändert",
            "an Ihren Karten bei {house} hat sich etwas geändert. Bitte verwenden Sie ab jetzt die angehängten.",
        ),
        DeliveryKind.RECEIVED: KindWords(
            "Karten für {title} gehören jetzt Ihnen",
            "Diese Karten gehören jetzt Ihnen",
            "jemand hat Ihnen Karten für {house} übertragen. Sie lauten ab jetzt auf Ihren Namen.",
        ),
        DeliveryKind.PASSED_ON: KindWords(
            "Übertragen: Karten für {title}",
            "Karten übertragen",
            "diese Karten für {house} gehören jetzt jemand anderem. Die früheren Codes lassen niemanden mehr ein.",
        ),
        DeliveryKind.MOVED: KindWords(
            "Neuer Termin: {title}",
            "Ein neuer Termin",
            "{house} hat eine Vorstellung verlegt, für die Sie Karten haben. Ihre Karten gelten am neuen Termin.",
        ),
        DeliveryKind.CANCELLED: KindWords(
            "Abgesagt: {title}",
            "Abgesagt",
            "leider musste {house} eine Vorstellung absagen, für die Sie Karten haben. "
            "Wie es mit Ihrem Geld weitergeht, teilt Ihnen das Haus mit; Sie müssen jetzt nichts tun.",
        ),
        DeliveryKind.REFUND_ASKED: KindWords(
            "Ihre Anfrage: {title}",
            "Ihre Anfrage ist da",
            "Sie haben {house} gebeten, diese Karten zurückzunehmen. Sie bleiben gültig, bis darüber entschieden ist; "
            "dann hören Sie von uns.",
        ),
        DeliveryKind.REFUND_GRANTED: KindWords(
            "Zurückgenommen: {title}",
            "Ihre Karten sind zurückgenommen",
            "{house} hat diese Karten zurückgenommen. Mit ihnen kommt niemand mehr hinein.",
        ),
        DeliveryKind.REFUND_DECLINED: KindWords(
            "Zu Ihrer Anfrage: {title}",
            "Ihre Anfrage ist abgelehnt",
            "Sie haben {house} gebeten, diese Karten zurückzunehmen. Das ist leider nicht möglich: "
            "Sie behalten sie, und sie bleiben gültig.",
        ),
    },
    and_more="{title} und {count} weitere",
    order="Bestellung",
    when="Wann",
    was="Bisher",
    doors="Einlass",
    where="Wo",
    seats="Plätze",
    seat="Platz",
    kind="Karte",
    price="Preis",
    for_name="für {}",
    cancelled="Abgesagt",
    total="Summe",
    vat="darin MwSt. {rate}",
    no_vat="Alle Preise enthalten die Mehrwertsteuer.",
    tickets_attached="Ihre Karten hängen als PDF an. Zeigen Sie sie auf dem Telefon oder drucken Sie sie aus: "
    "Jeder Code lässt eine Person einmal ein.",
    to_google_wallet="In Google Wallet speichern",
    wallet_card_attached="Eine Karte für Apple Wallet ist angehängt.",
    calendar_attached="Mit der angehängten Kalenderdatei kommt der Termin in Ihren Kalender.",
    calendar_removed="Mit der angehängten Kalenderdatei verschwindet der Termin aus Ihrem Kalender.",
    refund_until="Sie können am neuen Termin nicht? Bis {until} können Sie bei {house} Ihr Geld zurückverlangen.",
    refund_back="Sie bekommen zurück",
    refund_as_money="Das Geld geht auf dem Weg zurück, auf dem Sie bezahlt haben. Bei Bank oder Karte dauert das "
    "bis zu zehn Tage.",
    refund_as_voucher="Sie bekommen es als Gutschein von {house}. Sein Code ist Geld: Wer ihn kennt, kann ihn "
    "einlösen. Bewahren Sie diese Mail auf.",
    refund_to_voucher="Was Sie mit einem Gutschein bezahlt hatten, ist wieder auf diesem Gutschein.",
    voucher="Gutschein über {}",
    refund_as_gift="Sie wollten nichts dafür zurück: Danke für Ihre Spende an {house}.",
    refund_reason="{house} schreibt:",
    is_copy="Vielleicht haben Sie diese Mail schon erhalten. Es ist dieselbe Bestellung, und es sind dieselben Karten.",
    automatic="Diese Mail wurde automatisch von {house} gesendet.",
    calendar="Kalender",
    calendar_order="Bestellung {}",
)
