"""Telephone numbers: what is one, and the one form in which they are kept (E.164)."""

from __future__ import annotations

import phonenumbers

from services.runtime.errors import FieldInvalid

MAX_PHONE_CHARS = 40
_LIMIT = "a number with its country's code, such as +31 20 1234567"


def phone_number(value: str, field: str = "phone") -> str | FieldInvalid:
    """The number in E.164, or what is wrong with it; an empty one is none."""
    if not value.strip():
        return ""
    if len(value) > MAX_PHONE_CHARS:
        return FieldInvalid(field, f"has {len(value):,} characters", _LIMIT)
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return FieldInvalid(field, "is no telephone number", _LIMIT)
    # Possible, not valid: numbers of new areas come sooner than the library's lists of them.
    if not phonenumbers.is_possible_number(number):
        return FieldInvalid(field, "is no telephone number", _LIMIT)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
