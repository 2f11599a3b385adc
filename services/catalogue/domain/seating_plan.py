"""A hall's seating plan: its seats in the plan's order, its categories and the bounds of what may be imported."""

from __future__ import annotations

import dataclasses
from typing import Literal

import msgspec

from services.contracts.bounds import MAX_SEAT_ID_CHARS
from services.runtime.errors import FieldInvalid, Refusal

# As sent, in one message; and what gzip may make of that.
MAX_PLAN_BYTES = 10_000_000
MAX_UNPACKED_BYTES = 40_000_000
MAX_SEATS = 100_000
# What the store's column can hold; a request may name a larger one.
MAX_PLAN_VERSION = 2_147_483_647
MAX_ZONES = 1_000
MAX_ROWS = 20_000
MAX_CATEGORIES = 100
MAX_AREAS = 1_000
# The ids of an area's places are its name, a colon and up to six digits.
MAX_AREA_NAME_CHARS = MAX_SEAT_ID_CHARS - 7
MAX_PLAN_NAME_CHARS = 200
# Of a row's or a seat's label, such as "Reihe 12 links".
MAX_LABEL_CHARS = 64
# As much of a refusal's message as the status of a call carries, with room for its last words.
MAX_MESSAGE_CHARS = 440
# Pixels; a drawing that is larger is a mistake, and sums of three stay exact in a double.
MAX_POSITION = 1_000_000

RowNumberPosition = Literal["both", "start", "end", "none"]


@dataclasses.dataclass(frozen=True, slots=True)
class PlanInvalid(FieldInvalid):
    """Seating plan: {field} {problem} (limit: {limit})."""

    # In all, of which this one and the others are told.
    faults: int = 1

    def facts(self) -> dict[str, str]:
        """The first fault's; how many there are in all where there are others."""
        facts = {"field": self.field, "problem": self.problem, "limit": self.limit}
        return facts | {"violations": str(self.faults)} if self.others else facts

    def message(self) -> str:
        """As many faults as a message has room for, and how many more there are."""
        if not self.others:
            return Refusal.message(self)
        told = f"Seating plan: {self.faults:,} faults."
        for number, fault in enumerate((self, *self.others)):
            words = f" {fault.field} {fault.problem} (limit: {fault.limit})."
            if len(told) + len(words) > MAX_MESSAGE_CHARS:
                return f"{told} And {self.faults - number:,} more."
            told += words
        return told + (f" And {more:,} more." if (more := self.faults - 1 - len(self.others)) else "")


# Struct, not dataclass: a plan has up to 100,000 of them and is written and read as one blob (style: hot-path records).
class Seat(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One seat, or one place of a standing area. `x` and `y` are absolute, in the plan's pixels.

    `row_label` and `seat_label` are what people read in place of `row` and `number`; empty where those are.
    `category` is the name of one of the plan's. `accessible`: for wheelchairs and the like, offered only when asked
    for. `standing`: `zone` is the area's name, and neighbours mean nothing. `companion`: for who comes with somebody in
    the accessible seat beside it.
    """

    seat_id: str
    zone: str
    row: str
    number: str
    category: str
    x: float
    y: float
    accessible: bool = False
    standing: bool = False
    row_label: str = ""
    seat_label: str = ""
    companion: bool = False


class Row(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """So many seats that follow each other in the plan's order, and where the row's number is drawn.

    A standing area is a row without a number.
    """

    zone: str
    number: str
    number_position: RowNumberPosition
    seat_count: int


class PriceCategory(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a seat's price depends on. `color` is #RRGGBB, for drawing."""

    name: str
    color: str


@dataclasses.dataclass(frozen=True, slots=True)
class PlanWarning:
    """What is no fault of a plan and may still be a mistake."""

    field: str
    description: str


class SeatingPlan(msgspec.Struct, frozen=True, array_like=True):
    """An imported plan. A seat's place in `seats` is its index everywhere inside Balcon; the rows cut the same order.

    `width` and `height` are the drawing's, in pixels; 0 where the plan says nothing. `focal_point` is what people want
    to be near to, in pixels; None where the plan says nothing.
    """

    name: str
    width: float
    height: float
    categories: tuple[PriceCategory, ...]
    rows: tuple[Row, ...]
    seats: tuple[Seat, ...]
    focal_point: tuple[float, float] | None = None


def plan_warnings(plan: SeatingPlan) -> tuple[PlanWarning, ...]:
    """What whoever imports the plan should know; it is imported all the same."""
    with_seats = {seat.category for seat in plan.seats}
    warnings = [
        PlanWarning(f"categories[{index}]", f"{category.name} has no seats; it needs a price and nothing is sold in it")
        for index, category in enumerate(plan.categories)
        if category.name not in with_seats
    ]
    if plan.focal_point is None:
        guessed = "is missing: best available takes the middle of the upper edge for where people want to be near to"
        warnings.insert(0, PlanWarning("focal_point", guessed))
    return tuple(warnings)
