"""Who owns a house, as accounts knows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.runtime.errors import Retryable


class OwnersUnanswered(Retryable):
    """Accounts does not say who owns the house."""


@dataclass(frozen=True, slots=True)
class HouseOwners:
    """The house's name, its first language, its clock (IANA), and the addresses of its owners."""

    house: str
    language: str
    time_zone: str
    emails: Sequence[str] = field(repr=False)


class Owners(Protocol):
    """Asked when a mail is written: addresses are kept nowhere here."""

    async def of_house(self, house_id: str) -> HouseOwners | None:
        """None: there is no such house. Raises OwnersUnanswered."""
        ...
