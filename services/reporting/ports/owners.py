"""Whose saved reports are: houses, and the promoters that they have made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HouseFacts:
    """What mails and clocks need of a house."""

    name: str
    label: str
    time_zone: str


class Owners(Protocol):
    """Accounts, as far as saved reports ask it. Every call may raise NeighbourSilent."""

    async def house(self, house_id: str) -> HouseFacts: ...

    async def promoters_email(self, house_id: str, promoter_id: str) -> str | None:
        """Where a promoter that the house made reads mails (R3.2); None: the house made no such promoter."""
        ...
