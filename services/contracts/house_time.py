"""A house's wall clock: local times to instants and back, and times that daylight saving skips or doubles.

The API takes instants; people and weekly rules say local times. Pure but for the time zone database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.contracts.instants import instant_text
from services.runtime.errors import UNSET, FieldInvalid

LOCAL_LIMIT = "YYYY-MM-DD hh:mm in the house's time, or with an offset such as 2026-10-25T02:30+01:00"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NoSuchLocalTime:
    """A local time that a clock of the zone never shows (`is_doubled` False) or shows twice; and the two instants."""

    zone: str
    local: datetime
    is_doubled: bool
    earlier_ms: int
    later_ms: int

    def fault(self, field: str) -> FieldInvalid:
        """As a fault of a field: the two instants are its limit."""
        does = "shows twice" if self.is_doubled else "skips"
        problem = f"is {local_text(self.local)}, which daylight saving {does} in {self.zone}"
        return FieldInvalid(field, problem, f"{instant_text(self.earlier_ms)} or {instant_text(self.later_ms)}")


def local_instant(zone: str, local: datetime, fold: int | None = None) -> int | NoSuchLocalTime:
    """Unix milliseconds of a local time without offset. `fold` picks one of a doubled time: 0 the earlier, 1 the later.

    A skipped time is none, whatever the fold; its two instants are the clock read before and after it was put forward.
    """
    by_fold = [_ms(local.replace(tzinfo=ZoneInfo(zone), fold=each)) for each in (0, 1)]
    if by_fold[0] == by_fold[1]:
        return by_fold[0]
    is_doubled = local_of(zone, by_fold[0]) == local
    if is_doubled and fold is not None:
        return by_fold[fold]
    return NoSuchLocalTime(zone, local, is_doubled, min(by_fold), max(by_fold))


def local_of(zone: str, ms: int) -> datetime:
    """What a clock of the zone shows at an instant, without offset."""
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def local_text(local: datetime) -> str:
    """2026-10-25 20:00; with seconds where there are any."""
    return local.isoformat(sep=" ", timespec="seconds" if local.second or local.microsecond else "minutes")


def time_of_day(text: str) -> time | None:
    """hh:mm; None for what is none."""
    try:
        return time.fromisoformat(text) if len(text) == len("20:00") and text[2] == ":" else None
    except ValueError:
        return None


def calendar_day(text: str) -> date | None:
    """YYYY-MM-DD in the years that houses plan in; None for what is none."""
    found = plain_day(text)
    return found if found and date(2000, 1, 1) <= found <= date(2099, 12, 31) else None


def plain_day(text: str) -> date | None:
    """YYYY-MM-DD in any year; None for what is none."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    # ISO 8601 has more spellings, such as 2026-W43-7.
    return found if found.isoformat() == text else None


def day_begins_ms(zone: str, day: date) -> int:
    """Where a day begins. In some zones the clocks are put forward at midnight: there it begins at one."""
    found = local_instant(zone, datetime.combine(day, time()), fold=0)
    return found.later_ms if isinstance(found, NoSuchLocalTime) else found


def shifted(zone: str, ms: int, *, from_ms: int, to_ms: int) -> int | NoSuchLocalTime:
    """The instant as far from `to_ms` as `ms` is from `from_ms`, by the clock on the wall: doors at 19:30 stay so."""
    return local_instant(zone, local_of(zone, ms) + (local_of(zone, to_ms) - local_of(zone, from_ms)))


def refused_or_instant(field: str, zone: str, text: str) -> int | FieldInvalid:
    """The instant that a person wrote: in the house's time, or with an offset, which tells doubled times apart."""
    try:
        written = datetime.fromisoformat(text.strip())
    except ValueError:
        return FieldInvalid(field, f"is {text[:50]!r}" if text else UNSET, LOCAL_LIMIT)
    if len(text.strip()) <= len("2026-10-25"):
        return FieldInvalid(field, "has no time of day", LOCAL_LIMIT)
    if written.tzinfo is not None:
        return _ms(written)
    found = local_instant(zone, written)
    return found.fault(field) if isinstance(found, NoSuchLocalTime) else found


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)
