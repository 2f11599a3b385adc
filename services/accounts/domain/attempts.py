"""How often somebody may guess: a few tries are free, then each must wait longer than the one before."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from services.accounts.domain.refusals import TooManyAttempts
from services.contracts.instants import instant_text

_MOST_DOUBLINGS = 40


@dataclass(frozen=True, slots=True)
class AttemptRule:
    """After `free` tries the next one waits `first_delay_ms`, then twice as long each time."""

    free: int
    first_delay_ms: int
    longest_delay_ms: int
    forget_ms: int


@dataclass(frozen=True, slots=True)
class Attempts:
    """Tries without success, of one account or from one address."""

    count: int = 0
    last_at_ms: int = 0
    blocked_until_ms: int = 0


def refused_attempt(attempts: Attempts, now_ms: int) -> TooManyAttempts | None:
    """The refusal for a try that comes too soon, else None. It is not counted: who waits as told gets in."""
    if now_ms >= attempts.blocked_until_ms:
        return None
    return TooManyAttempts(attempts.blocked_until_ms - now_ms, instant_text(attempts.blocked_until_ms))


def after_attempt(attempts: Attempts, rule: AttemptRule, now_ms: int) -> Attempts:
    """With one try more. It is counted before it is known whether it is right, so that many at once are as many."""
    known = Attempts() if now_ms >= attempts.last_at_ms + rule.forget_ms else attempts
    count = known.count + 1
    doublings = min(count - rule.free, _MOST_DOUBLINGS)
    delay_ms = 0 if doublings < 0 else min(rule.first_delay_ms * 2**doublings, rule.longest_delay_ms)
    return Attempts(count, now_ms, now_ms + delay_ms)


def taken_back(attempts: Attempts, at_ms: int) -> Attempts:
    """With one try less: that of then was right. A delay that others have caused since stays."""
    blocked_until_ms = 0 if attempts.last_at_ms == at_ms else attempts.blocked_until_ms
    return dataclasses.replace(attempts, count=max(0, attempts.count - 1), blocked_until_ms=blocked_until_ms)
