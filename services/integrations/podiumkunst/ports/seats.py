"""What is asked of the catalogue and of the seats' owners: seats by price category, and what they are worth."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from services.runtime.errors import Retryable


class SeatsSilent(Retryable):
    """The catalogue or the owner of the seats does not answer."""


@dataclass(frozen=True, slots=True)
class Hall:
    """Of one performance: its hall, seats by category, and what a seat is worth at the full price (R0.13)."""

    performance_id: str
    hall_id: str
    plan_version: int
    currency: str
    capacity: Mapping[str, int]
    worth_minor: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """Seats by category that are reserved and that are blocked, at one moment."""

    reserved: Mapping[str, int]
    blocked: Mapping[str, int]


class Seats(Protocol):
    """Each call may raise SeatsSilent."""

    async def hall(self, house_id: str, performance_id: str) -> Hall | None:
        """None: the house has no such performance."""
        ...

    async def standing(self, house_id: str, hall: Hall) -> Standing:
        """As the owner has them now."""
        ...

    async def reported(
        self, house_id: str, hall: Hall, allotment_ids: Collection[str]
    ) -> Mapping[str, Mapping[str, int]]:
        """By allotment: what its office has reported sold, by category. One that is no more is left out."""
        ...
