"""What a person is called in the form that each company compares, and its SHA-256. Pure; keeps and tells nobody.

Sources: Meta's customer information parameters, Google's Data Manager formatting, X's web conversions.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import phonenumbers

_GOOGLE_MAIL: Final = frozenset({"gmail.com", "googlemail.com"})
_AMERICAN_ZIP_DIGITS: Final = 5
_ISO_COUNTRY_CHARS: Final = 2


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of a buyer, as it was written; '' is not known. It lives for one request and is kept nowhere."""

    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    given_name: str = field(default="", repr=False)
    family_name: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    region: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)
    # ISO 3166-1 alpha-2.
    country: str = field(default="", repr=False)
    gender: str = field(default="", repr=False)
    # ISO 8601, such as 1985-02-28.
    born_on: str = field(default="", repr=False)
    # The house's own id of the customer.
    customer_id: str = ""


def sha256(text: str) -> str:
    """Hex of the SHA-256 of the text in UTF-8; of nothing there is none."""
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def email_of(written: str) -> str:
    """Without space around it and in lower case; '' where it is no address."""
    address = written.strip().lower()
    name, at, domain = address.partition("@")
    whole = bool(name and at and domain) and "@" not in domain and not any(char.isspace() for char in address)
    return address if whole else ""


def google_email_of(written: str) -> str:
    """As email_of(); of Google's own mail neither dots nor what follows a plus make another address."""
    address = email_of(written)
    name, _, domain = address.partition("@")
    if domain not in _GOOGLE_MAIL:
        return address
    plain = name.partition("+")[0].replace(".", "")
    return f"{plain}@{domain}" if plain else ""


def phone_of(written: str, country: str = "") -> str:
    """E.164 with its plus; '' where it is no number, or one of no known country."""
    try:
        number = phonenumbers.parse(written, country.strip().upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def meta_person(person: Person) -> Mapping[str, str]:
    """Meta's user_data of a person: hashes only, of what is known."""
    country = _country(person.country)
    found = {
        "em": email_of(person.email),
        # Digits with the country's code, no plus, no zeros before it.
        "ph": phone_of(person.phone, country).lstrip("+0"),
        "fn": _letters(person.given_name),
        "ln": _letters(person.family_name),
        "ct": _without_spaces(_letters(person.city)),
        "st": _without_spaces(_letters(person.region)),
        "zp": _meta_zip(person.postal_code, country),
        "country": country.lower(),
        "ge": _gender(person.gender),
        "db": _birthday(person.born_on),
        "external_id": person.customer_id.strip(),
    }
    return {name: sha256(value) for name, value in found.items() if value}


def google_person(person: Person) -> Sequence[Mapping[str, object]]:
    """Google's userIdentifiers: hashed e-mail, phone, and name with address where all four of it are known."""
    found: list[Mapping[str, object]] = []
    if email := google_email_of(person.email):
        found.append({"emailAddress": sha256(email)})
    country = _country(person.country)
    if phone := phone_of(person.phone, country):
        found.append({"phoneNumber": sha256(phone)})
    given, family, zip_code = (text.strip() for text in (person.given_name, person.family_name, person.postal_code))
    if given and family and country and zip_code:
        names = {"givenName": sha256(given.lower()), "familyName": sha256(family.lower())}
        found.append({"address": {**names, "regionCode": country, "postalCode": zip_code}})
    return tuple(found)


def x_person(person: Person) -> Sequence[Mapping[str, str]]:
    """X's identifiers of a person: one hash in each."""
    found = (
        ("hashed_email", email_of(person.email)),
        ("hashed_phone_number", phone_of(person.phone, _country(person.country))),
    )
    return tuple({name: sha256(value)} for name, value in found if value)


def _letters(written: str) -> str:
    """In lower case, without punctuation; what is no Latin letter stays as it is, composed."""
    plain = unicodedata.normalize("NFC", written).strip().lower()
    kept = (char for char in plain if char.isspace() or unicodedata.category(char)[0] in "LMN")
    return " ".join("".join(kept).split())


def _without_spaces(text: str) -> str:
    return text.replace(" ", "")


def _country(written: str) -> str:
    code = written.strip().upper()
    return code if len(code) == _ISO_COUNTRY_CHARS and code.isascii() and code.isalpha() else ""


def _meta_zip(written: str, country: str) -> str:
    plain = _without_spaces(written.strip().lower()).replace("-", "")
    return plain[:_AMERICAN_ZIP_DIGITS] if country == "US" else plain


def _gender(written: str) -> str:
    first = written.strip().lower()[:1]
    return first if first in {"f", "m"} else ""


def _birthday(written: str) -> str:
    digits = "".join(char for char in written if char.isdigit())
    return digits if len(digits) == len("YYYYMMDD") else ""
