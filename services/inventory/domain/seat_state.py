"""What a seat can be. The numbers are those of balcon.types.v1.SeatState, so that a seat map travels as bytes."""

from __future__ import annotations

from typing import Final

import msgspec

FREE: Final = 1
HELD: Final = 2
CLAIMED: Final = 3
SOLD: Final = 4
BLOCKED: Final = 5

STATES: Final = (FREE, HELD, CLAIMED, SOLD, BLOCKED)


class SeatCounts(msgspec.Struct, frozen=True):
    """How many seats there are in each state. The names are those of balcon.inventory.v1.SeatCounts."""

    free: int = 0
    held: int = 0
    claimed: int = 0
    sold: int = 0
    blocked: int = 0

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
        free=count(FREE), held=count(HELD), claimed=count(CLAIMED), sold=count(SOLD), blocked=count(BLOCKED)
    )
