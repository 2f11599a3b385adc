"""How long whoever empties something waits before the next look: alone hardly at all, in a crowd for company."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Between two looks at what was emptied: so many times what its last batch took to be worked off, within bounds.

    In a crowd a batch is many events, and costs little more than one; alone an event waits for none.
    """

    times: float
    shortest_seconds: float
    longest_seconds: float

    def seconds(self, took_seconds: float) -> float:
        """Since the last look began."""
        return min(self.longest_seconds, max(self.shortest_seconds, took_seconds * self.times))
