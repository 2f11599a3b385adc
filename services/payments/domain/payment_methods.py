"""The ways to pay that an account offers, as its provider tells them, and which of them take an amount. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# By language, of those that have a name and no brand. Brands are written alike everywhere.
_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "card": {"en": "Card", "nl": "Betaalkaart", "de": "Karte", "nb": "Kort"},
    "bank": {"en": "Bank transfer", "nl": "Overschrijving", "de": "Überweisung", "nb": "Bankoverføring"},
    "sepa_debit": {"en": "Direct debit", "nl": "Incasso", "de": "Lastschrift", "nb": "Avtalegiro"},
}
_BRANDS: Final[Mapping[str, str]] = {
    "ideal": "iDEAL",
    "bancontact": "Bancontact",
    "klarna": "Klarna",
    "paypal": "PayPal",
    "link": "Link",
    "apple_pay": "Apple Pay",
    "google_pay": "Google Pay",
    "eps": "eps",
    "p24": "Przelewy24",
    "twint": "TWINT",
    "blik": "BLIK",
    "mobilepay": "MobilePay",
    "amazon_pay": "Amazon Pay",
    "revolut_pay": "Revolut Pay",
}


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """One way to pay. `method` is the provider's own word; a limit of 0 is none that the provider tells."""

    method: str
    name: str
    least_minor: int = 0
    most_minor: int = 0

    def takes(self, amount_minor: int) -> bool:
        """Whether so much can be paid with it."""
        return self.least_minor <= amount_minor <= (self.most_minor or amount_minor)


def name_of(method: str, language: str) -> str:
    """What buyers call it, where the provider has no word for it: English where a language has none."""
    names = _NAMES.get(method)
    if names is not None:
        return names.get(language, names["en"])
    return _BRANDS.get(method, method.replace("_", " ").capitalize())
