"""When reports are due: weekdays and times of a house's own clock, turned into instants. Pure (R3.10).

A time that daylight saving skips is due at the next one there is; a doubled time is due once, the first time.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

from services.contracts.house_time import time_of_day
from services.runtime.errors import UNSET, FieldInvalid

MAX_TIMES_A_DAY: Final = 12
# Moments that were missed are told one by one as far back as this.
MISSED_TOLD_MS: Final = 35 * 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """On these weekdays (1 is Monday, 7 Sunday) at these times (hh:mm)."""

    weekdays: tuple[int, ...]
    local_times: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """What has come due since the last look: `now_ms` is to be sent, `missed_ms` are not; `next_ms` comes then."""

    now_ms: int | None
    missed_ms: tuple[int, ...]
    next_ms: int


def refused_weekdays(field: str, days: Sequence[int]) -> Iterator[FieldInvalid]:
    """All that is wrong with them."""
    if not days or len(set(days)) < len(days) or not set(days) <= set(range(1, 8)):
        problem = f"are {', '.join(map(str, days[:10]))}" if days else UNSET
        yield FieldInvalid(field, problem, "1 (Monday) to 7, each once")


def refused_times(field: str, times: Sequence[str]) -> Iterator[FieldInvalid]:
    """All that is wrong with them."""
    if not 1 <= len(times) <= MAX_TIMES_A_DAY:
        yield FieldInvalid(field, f"has {len(times):,} times" if times else UNSET, f"1 to {MAX_TIMES_A_DAY}")
        return
    seen: set[str] = set()
    for at, text in enumerate(times):
        if time_of_day(text) is None or text in seen:
            problem = f"is {text[:20]!r}" + (" again" if text in seen else "")
            yield FieldInvalid(f"{field}[{at}]", problem, "hh:mm such as 07:30, each once")
        seen.add(text)


def moments(rhythm: Rhythm, zone: str, after_ms: int) -> Iterator[int]:
    """Every moment after that one, each once, in order, for ever. Unix milliseconds."""
    begin = (_EPOCH + timedelta(milliseconds=after_ms)).astimezone(ZoneInfo(zone))
    days = ",".join(str(day % 7) for day in sorted(rhythm.weekdays))
    last = after_ms
    for moment in heapq.merge(*(_of_one_time(text, days, begin) for text in rhythm.local_times)):
        # Two times of a night may come to the same moment, where one of them is skipped. In the hour that is shown the
        # second time, the first showing is past.
        if moment > last:
            yield moment
            last = moment


def due_since(rhythm: Rhythm, zone: str, last_ms: int, now_ms: int) -> Due:
    """What has come due after `last_ms`. After a long absence the latest moment is sent, the others are missed.

    Every rhythm comes back within a week, so what is sent late is never later than that.
    """
    told_after = max(last_ms, now_ms - MISSED_TOLD_MS)
    passed = list(takewhile(lambda moment: moment <= now_ms, moments(rhythm, zone, told_after)))
    next_ms = next(moments(rhythm, zone, max(now_ms, last_ms)))
    if not passed:
        return Due(None, (), next_ms)
    return Due(passed[-1], tuple(passed[:-1]), next_ms)


def _of_one_time(text: str, days: str, begin: datetime) -> Iterator[int]:
    at = time_of_day(text)
    assert at is not None, "times are checked before they are kept"
    for local in CronSim(f"{at.minute} {at.hour} * * {days}", begin):
        yield (local - _EPOCH) // timedelta(milliseconds=1)
