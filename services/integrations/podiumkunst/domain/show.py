"""A performance of the house as podiumkunst knows it, and the link of one with a number (R0.9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.contracts.house_time import local_of


class ShowState(StrEnum):
    """Whether its seats may be held. Values are what stores keep."""

    DRAFT = "draft"
    ON_SALE = "on_sale"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Show:
    """`code`: the house's own name of it, '' where it has none. `prices`: the dearest of each category."""

    house_id: str
    performance_id: str
    code: str
    title: str
    production_id: str
    hall_id: str
    starts_at_ms: int
    state: ShowState
    capacity: int
    is_archived: bool = False
    prices: Mapping[str, int] = field(default_factory=dict)

    def starts(self, zone: str) -> datetime:
        """As the house's clock shows it."""
        return local_of(zone, self.starts_at_ms)


@dataclass(frozen=True, slots=True)
class Link:
    """One number is one performance of the house (R0.11). `code` is as it was when staff picked it."""

    number: str
    performance_id: str
    code: str
    linked_at_ms: int
    linked_by_kind: str
    linked_by: str
