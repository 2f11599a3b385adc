"""What an answer over HTTP means for what was told, by the usual rules: an adapter only says where its company differs.

Pure: it knows no connection and no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from services.runtime.outbound.port import Done, Later, Locked, Outcome, Settled

SILENCE = 0
# Nobody may keep us waiting longer by asking for it.
LONGEST_RETRY_AFTER_MS = 3_600_000
# Not now, rather than no.
_NOT_NOW = frozenset({408, 425, 429})
NOT_LET_IN = frozenset({401, 403})


def outcome_of(
    status: int, note: str, *, retry_after_ms: int = 0, locks: frozenset[int] = NOT_LET_IN, was_sent: bool = True
) -> Outcome:
    """Of an HTTP status, or SILENCE. `note`: in words; `locks`: what means that the account is not let in.

    A redirect is not followed, so the target is not where it was: later, for nothing may be lost by it.
    """
    if 200 <= status < 300:
        return Done(Settled.DELIVERED, note)
    if status == SILENCE:
        return Later(note, is_uncertain=was_sent)
    if status in locks:
        return Locked(note)
    if status in _NOT_NOW or status >= 500 or status < 400:
        return Later(note, after_ms=retry_after_ms, is_uncertain=status >= 500)
    return Done(Settled.REFUSED, note)


def word_of(outcome: Outcome) -> str:
    """As the ledger and the metrics call it: how it was settled, `later`, or `locked`."""
    if isinstance(outcome, Done):
        return outcome.how.value
    return "locked" if isinstance(outcome, Locked) else "later"


def retry_after_ms(headers: Mapping[str, str], now_ms: int) -> int:
    """How long a target asks to be left alone: seconds or an HTTP date; 0 where it says nothing readable."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        wait_ms = int(asked[:9]) * 1000
    else:
        try:
            at = parsedate_to_datetime(asked)
        except (TypeError, ValueError, IndexError, OverflowError):
            return 0
        wait_ms = int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000) - now_ms
    return max(0, min(wait_ms, LONGEST_RETRY_AFTER_MS))
