"""Promoters: people who belong to the house that made them (R3.2). Other houses know an address, and no more."""

from __future__ import annotations

from dataclasses import dataclass

from services.accounts.domain.person import Person

# A promoter's first link to a password: mails of houses are not always read the same day.
FIRST_PASSWORD_MS = 7 * 86_400_000
CHANGEABLE = frozenset({"name", "email"})


@dataclass(frozen=True, slots=True)
class Promoter:
    """`house_id` is the house that made it, and alone may change it."""

    house_id: str
    person: Person
    created_at_ms: int
