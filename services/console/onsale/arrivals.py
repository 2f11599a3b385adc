"""Who comes when and wants what: a plan made before the first request, from a seed alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random  # noqa: TID251 (the type only)

# How many seats people want together, by weight: mostly two.
_SIZES = (1, 2, 3, 4, 5, 6)
_WEIGHTS = (12, 48, 12, 18, 4, 6)
# Of no simple ratio to one, so that six attempts see six parts of the hall.
_STEP = 0.137


@dataclass(frozen=True, slots=True)
class Arrival:
    """A buyer: seconds after the opening, seats wanted, and where in the hall (0 to 1, in the plan's order).

    `die` is the buyer's own chance, 0 to 1: where to look when the wish is sold out, when to come back.
    """

    number: int
    at_seconds: float
    size: int
    wish: float
    die: float

    def place(self, attempt: int) -> float:
        """Where the buyer wants to sit at this attempt: further on each time."""
        return (self.wish + attempt * _STEP) % 1.0

    def elsewhere(self, attempt: int) -> float:
        """Where the buyer looks when nothing is free there."""
        return (self.die + attempt * _STEP) % 1.0


def arrivals(buyers: int, per_second: float, random: Random) -> Iterator[Arrival]:
    """Poisson arrivals: buyers do not wait for one another's answers (open loop)."""
    at = 0.0
    for number in range(buyers):
        at += random.expovariate(per_second)
        # Two dice: most wish for the middle of what the plan lists, few for its ends.
        wish = (random.random() + random.random()) / 2
        yield Arrival(number, at, random.choices(_SIZES, _WEIGHTS)[0], wish, random.random())
