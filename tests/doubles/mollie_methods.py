"""What a profile at Mollie has switched on, as GET /v2/methods tells it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.responses import Response

from tests.doubles.company import Asked
from tests.doubles.mollie_documents import links, listed, refused
from tests.doubles.mollie_spec import refused_payment

# Its word, what buyers call it, the least and the most in euros.
METHODS: Final = (
    ("ideal", {"en": "iDEAL"}, "0.01", "50000.00"),
    ("bancontact", {"en": "Bancontact"}, "0.02", "50000.00"),
    ("creditcard", {"en": "Card", "nl": "Kaart", "de": "Karte"}, "0.01", "10000.00"),
)


def method_document(name: str, description: str, least: str, most: str) -> dict[str, Any]:
    """A method of GET /v2/methods."""
    icon = f"https://www.mollie.com/external/icons/payment-methods/{name}"
    return {
        "resource": "method",
        "id": name,
        "description": description,
        "minimumAmount": {"value": least, "currency": "EUR"},
        "maximumAmount": {"value": most, "currency": "EUR"},
        "image": {"size1x": f"{icon}.png", "size2x": f"{icon}%402x.png", "svg": f"{icon}.svg"},
        "status": "activated",
        "_links": links(f"methods/{name}"),
    }


def offered(asked: Asked) -> Response:
    """Those that are switched on and take the amount, each named for the locale."""
    query = {name: values[0] for name, values in parse_qs(asked.query).items()}
    if unknown := set(query) - {"amount[value]", "amount[currency]", "locale"}:
        return refused(400, "Bad Request", f"unknown parameters {unknown}")
    amount = {"value": query.get("amount[value]"), "currency": query.get("amount[currency]")}
    if problem := refused_payment({"description": "?", "redirectUrl": "https://a.example", "amount": amount}):
        return refused(422, "Unprocessable Entity", problem[1], problem[0])
    if not re.fullmatch("[a-z]{2}_[A-Z]{2}", query.get("locale", "en_US")):
        return refused(422, "Unprocessable Entity", "The locale is invalid", "locale")
    language, value = query.get("locale", "en_US")[:2], Decimal(str(amount["value"]))
    found = [
        method_document(name, names.get(language, names["en"]), least, most)
        for name, names, least, most in METHODS
        if amount["currency"] == "EUR" and Decimal(least) <= value <= Decimal(most)
    ]
    return listed("methods", found, "")
