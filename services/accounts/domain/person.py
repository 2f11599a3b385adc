"""People: who logs in. Their passwords are somebody else's to hash; here is only what one may look like."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.email_addresses import EmailAddress
from services.runtime.errors import UNSET, FieldInvalid

MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 200
_LIMIT = f"{MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can log in. Tokens of theirs signed until `tokens_void_until_ms` are void."""

    person_id: str
    name: str
    email: EmailAddress
    password_hash: str
    email_confirmed: bool = False
    language: str = "en"
    tokens_void_until_ms: int = 0
    revision: int = 1


def refused_password(value: str, field: str = "password") -> FieldInvalid | None:
    """The refusal for a new password that is too short or too long, else None: length is what makes guessing hard."""
    if not value:
        return FieldInvalid(field, UNSET, _LIMIT)
    if not MIN_PASSWORD_CHARS <= len(value) <= MAX_PASSWORD_CHARS:
        return FieldInvalid(field, "is too short" if len(value) < MIN_PASSWORD_CHARS else "is too long", _LIMIT)
    return None


def refused_given_password(value: str, field: str = "password") -> FieldInvalid | None:
    """The refusal for a password, given to be compared, that nobody can have; rules of new ones do not matter."""
    if value and len(value) <= MAX_PASSWORD_CHARS:
        return None
    return FieldInvalid(field, "is too long" if value else UNSET, f"1 to {MAX_PASSWORD_CHARS} characters")
