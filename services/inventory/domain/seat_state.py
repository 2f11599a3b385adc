"""What a seat can be. The numbers are those of balcon.types.v1.SeatState, so that a seat map travels as bytes."""

from __future__ import annotations

from typing import Final

FREE: Final = 1
HELD: Final = 2
CLAIMED: Final = 3
SOLD: Final = 4
BLOCKED: Final = 5

STATES: Final = (FREE, HELD, CLAIMED, SOLD, BLOCKED)


def counted(statuses: bytes | bytearray) -> tuple[int, ...]:
    """Seats in each state, in the order of STATES. Counted when asked: few ask, and every hold would have to count."""
    return tuple(map(statuses.count, STATES))
