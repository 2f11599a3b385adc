"""What a seat can be. The numbers are those of balcon.types.v1.SeatState, so that a seat map travels as bytes."""

from __future__ import annotations

from typing import Final

import msgspec

FREE: Final = 1
HELD: Final = 2
CLAIMED: Final = 3
SOLD: Final = 4
BLOCKED: Final = 5
RESERVED: Final = 6
ALLOTTED: Final = 7
REPORTED_SOLD: Final = 8

STATES: Final = (FREE, HELD, CLAIMED, SOLD, BLOCKED, RESERVED, ALLOTTED, REPORTED_SOLD)
# Out of the pool, in the hands of an office (R1.1).
HANDED_OUT: Final = frozenset({ALLOTTED, REPORTED_SOLD})


class SeatCounts(msgspec.Struct, frozen=True):
    """How many seats there are in each state. The names are those of balcon.inventory.v1.SeatCounts."""

    free: int = 0
    held: int = 0
    claimed: int = 0
    sold: int = 0
    blocked: int = 0
    reserved: int = 0
    allotted: int = 0
    reported_sold: int = 0

    @property
    def pool(self) -> int:
        """What is the house's own to sell, sold or not: the capacity without what offices have (R1.1)."""
        return self.capacity - self.allotted - self.reported_sold

    @property
    def capacity(self) -> int:
        """All of them: each seat is in one state (INV-5)."""
        return sum(msgspec.structs.astuple(self))

    def by_name(self) -> dict[str, int]:
        """With the capacity, as messages tell them."""
        return {**msgspec.structs.asdict(self), "capacity": self.capacity}


def counted(statuses: bytes | bytearray) -> SeatCounts:
    """Counted when asked: few ask, and every hold would have to count."""
    count = statuses.count
    return SeatCounts(
        free=count(FREE),
        held=count(HELD),
        claimed=count(CLAIMED),
        sold=count(SOLD),
        blocked=count(BLOCKED),
        reserved=count(RESERVED),
        allotted=count(ALLOTTED),
        reported_sold=count(REPORTED_SOLD),
    )
