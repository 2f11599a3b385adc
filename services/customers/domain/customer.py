"""A customer of one house: who buys there, or has left an address (R3.1: nothing of it is another house's)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.email_addresses import EmailAddress
from services.contracts.languages import refused_language
from services.contracts.texts import refused_text
from services.runtime.errors import FieldInvalid

# A batch of buyers has so many at most.
MAX_BUYERS = 128


@dataclass(frozen=True, slots=True)
class Customer:
    """Personal data. `language` and `phone` are '' where nobody has said."""

    house_id: str
    customer_id: str
    name: str
    email: EmailAddress
    language: str
    phone: str
    email_confirmed: bool
    created_at_ms: int
    revision: int


@dataclass(frozen=True, slots=True)
class CustomerChange:
    """New values of a customer; None leaves one as it is."""

    name: str | None = None
    email: EmailAddress | None = None
    language: str | None = None
    phone: str | None = None


def refused_name(field: str, name: str) -> FieldInvalid | None:
    """The refusal for what nobody is called, else None."""
    return refused_text(field, name, at_most=MAX_NAME_CHARS)


def refused_spoken(field: str, language: str) -> FieldInvalid | None:
    """The refusal for a language that Balcon does not speak, else None; '' is none at all."""
    return refused_language(field, language) if language else None


def changed(customer: Customer, change: CustomerChange) -> Customer:
    """The customer with the new values; the same one where they are the old ones. A new address is not confirmed."""
    email = customer.email if change.email is None else change.email
    return _next(
        customer,
        replace(
            customer,
            name=customer.name if change.name is None else change.name,
            email=email,
            language=customer.language if change.language is None else change.language,
            phone=customer.phone if change.phone is None else change.phone,
            email_confirmed=customer.email_confirmed and email.key == customer.email.key,
        ),
    )


def merged(stays: Customer, goes: Customer) -> Customer:
    """The one that stays, with what only the other one had."""
    after = replace(stays, language=stays.language or goes.language, phone=stays.phone or goes.phone)
    return _next(stays, after)


def confirmed_address(customer: Customer) -> Customer:
    """Somebody has opened a mail that went there."""
    return _next(customer, replace(customer, email_confirmed=True))


def _next(before: Customer, after: Customer) -> Customer:
    return before if after == before else replace(after, revision=before.revision + 1)
