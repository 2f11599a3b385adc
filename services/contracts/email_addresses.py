"""Addresses of people: what is one, and when two of them are the same."""

from __future__ import annotations

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from services.contracts.bounds import MAX_EMAIL_CHARS
from services.runtime.errors import UNSET, FieldInvalid

_LIMIT = f"one address, such as name@theatre.example, of at most {MAX_EMAIL_CHARS} characters"


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """`written` is where mails go; two addresses with the same `key` belong to the same person."""

    written: str
    key: str


def email_address(value: str, field: str = "email") -> EmailAddress | FieldInvalid:
    """The address without what makes no difference, or what is wrong with it. Nobody is asked whether it exists."""
    if not value:
        return FieldInvalid(field, UNSET, _LIMIT)
    if len(value) > MAX_EMAIL_CHARS:
        return FieldInvalid(field, f"has {len(value):,} characters", _LIMIT)
    try:
        # Not the domains that nobody can have: tests and the seed write to those.
        written = validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return FieldInvalid(field, "is no address", _LIMIT)
    # Strictly, Ada@ and ada@ may differ; no house of mail makes that difference, and people do not remember it.
    return EmailAddress(written, written.casefold())


def refused_email(value: str, field: str = "email") -> FieldInvalid | None:
    """The refusal for what is no address, else None."""
    found = email_address(value, field)
    return found if isinstance(found, FieldInvalid) else None
