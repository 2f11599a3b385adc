"""What paper tells of a house, a performance, an office and its seats, as the catalogue has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlanSeat:
    """A seat as people read it, where it costs what, and where the plan draws it."""

    seat_id: str
    zone: str
    row: str
    seat: str
    category: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Show:
    """A performance. `prices`: minor units by category and ticket type; `doors_at_ms` None: nobody said."""

    performance_id: str
    title: str
    subtitle: str
    starts_at_ms: int
    doors_at_ms: int | None
    hall_id: str
    hall_name: str
    hall_address: tuple[str, ...]
    prices: Mapping[tuple[str, str], int]
    house_name: str
    time_zone: str
    currency: str
    # Of the house; a show that a letter tells of has the rest, too.
    language: str = "en"
    ends_at_ms: int | None = None
    # How often it was moved to another date.
    move_number: int = 0
    is_cancelled: bool = False
    # Who cannot come on the new date may ask for the money until then; 0: nobody said.
    refund_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """All seats in the plan's order, and where people look."""

    seats: Mapping[str, PlanSeat]
    focal_point: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Office:
    """Whoever gets the seats. `language` '' takes the house's; `conditions` stand on the delivery note."""

    office_id: str
    name: str
    address_lines: tuple[str, ...] = ()
    email: str = ""
    language: str = ""
    conditions: str = ""
