"""How long a new hold may wait for its turn: long in a burst, short when a queue has been standing (after CoDel).

The queue stays first come first served: buyers' fairness comes before latency. What would wait too long is refused at
once with a time to come back (RULE 20).
"""

from __future__ import annotations

NORMAL_SECONDS = 0.100
STANDING_SECONDS = 0.005
# A queue that has not been empty for so long is standing.
STANDING_AFTER_SECONDS = 0.100
# A few turns' length is no overload: callers that keep several messages in flight always have the next ones waiting.
TURNS = 4.0


class WaitCap:
    """The cap as of now. Times are seconds of the clock's monotonic scale."""

    def __init__(self, now: float) -> None:
        self._last_empty = now
        self._turn_seconds = 0.0

    def saw_empty(self, now: float) -> None:
        """The queue was empty."""
        self._last_empty = now

    def saw_turn(self, seconds: float) -> None:
        """A turn took so long; half and half with those before."""
        self._turn_seconds = (self._turn_seconds + seconds) / 2

    def seconds(self, now: float) -> float:
        """Most that work taken now may have waited."""
        standing = now - self._last_empty > STANDING_AFTER_SECONDS
        return max(STANDING_SECONDS if standing else NORMAL_SECONDS, TURNS * self._turn_seconds)
