"""When something is tried again, and when a target is left alone: pure arithmetic, chance and time are handed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.runtime.outbound.answers import LONGEST_RETRY_AFTER_MS

# A number of 0 to 1, 1 not among them; a different one each time.
Chance = Callable[[], float]


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """`open_after`: so many faults of a target in a row, and it rests. Waits double from the first to the longest."""

    first_wait_ms: int = 2_000
    longest_wait_ms: int = 900_000
    open_after: int = 5
    first_rest_ms: int = 5_000
    longest_rest_ms: int = 600_000


@dataclass(frozen=True, slots=True)
class Health:
    """A target's breaker. Closed: no failure counts. Open: it rests. Half open: its rest is over, and one call tries.

    `failures`: faults of the target in a row. `resting_since_ms`: since when it has not been spoken to freely.
    """

    failures: int = 0
    resting_since_ms: int | None = None
    rests_until_ms: int = 0

    def is_half_open(self, limits: RetryLimits) -> bool:
        """Its next call is a probe: one, and nothing beside it."""
        return self.failures >= limits.open_after


CLOSED = Health()


def after_fault(health: Health, *, now_ms: int, asked_ms: int, limits: RetryLimits, chance: Chance) -> Health:
    """The target was silent, broken or asks for rest: `asked_ms`, which is heeded at the first time."""
    failures = health.failures + 1
    rest_ms = min(max(asked_ms, 0), LONGEST_RETRY_AFTER_MS)
    if failures >= limits.open_after:
        grown = _grown(limits.first_rest_ms, failures - limits.open_after, limits.longest_rest_ms)
        # Half of it for certain: a rest that chance makes nothing of is none.
        rest_ms = max(rest_ms, grown // 2 + int(chance() * (grown - grown // 2)))
    if not rest_ms:
        return Health(failures, health.resting_since_ms, health.rests_until_ms)
    since_ms = now_ms if health.resting_since_ms is None else health.resting_since_ms
    return Health(failures, since_ms, max(health.rests_until_ms, now_ms + rest_ms))


def wait_ms(tries: int, *, asked_ms: int, limits: RetryLimits, chance: Chance) -> int:
    """Until a dispatch is tried again that was carried `tries` times: full jitter, and not before it was asked for."""
    longest = _grown(limits.first_wait_ms, tries - 1, limits.longest_wait_ms)
    return max(min(max(asked_ms, 0), LONGEST_RETRY_AFTER_MS), int(chance() * longest))


def _grown(first_ms: int, times: int, longest_ms: int) -> int:
    return int(min(first_ms << min(max(times, 0), 40), longest_ms))
