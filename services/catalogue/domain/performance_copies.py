"""R2.4: a performance copied with only a new start, and series of such copies by a weekly rule of the house's clock."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.catalogue.domain.performance import Performance, Publication, SaleState
from services.catalogue.domain.performance_times import faults_of_times, times_at
from services.contracts.house_time import NoSuchLocalTime, calendar_day, local_instant, local_text, time_of_day
from services.contracts.instants import instant_text, refused_instant
from services.runtime.errors import UNSET, FieldInvalid, refused_fields

# Of one series; all are made in one transaction.
MAX_SERIES = 200
MAX_TIMES_A_DAY = 10
MAX_SERIES_DAYS = 731


@dataclass(frozen=True, slots=True)
class WeeklyRule:
    """Every week on these days (1 is Monday) at these times of the house's clock, from a first to a last date."""

    weekdays: tuple[int, ...]
    local_times: tuple[str, ...]
    first_date: str
    last_date: str


@dataclass(frozen=True, slots=True)
class Start:
    """When a member of a series begins; `field` and `name` are what a refusal calls it."""

    starts_at_ms: int
    field: str
    name: str


def copy_of(
    source: Performance, performance_id: str, zone: str, starts_at_ms: int, *, code: str = "", series_id: str = ""
) -> Performance | list[FieldInvalid]:
    """A draft with all parameters of the source; its sale, its publication, its moves and its code are its own."""
    times = times_at(source.times, zone, starts_at_ms)
    if isinstance(times, list):
        return times
    copy = dataclasses.replace(
        source,
        performance_id=performance_id,
        times=times,
        sale_state=SaleState.DRAFT,
        prices_revision=1,
        code=code,
        publication=Publication.DRAFT,
        published_at_ms=0,
        move_number=0,
        refund_until_ms=0,
        cancelled_at_ms=0,
        archived_at_ms=0,
        series_id=series_id,
        revision=1,
    )
    return [fault for fault in faults_of_times(copy) if fault is not None] or copy


def starts_of_list(starts_at_ms: Sequence[int], source: Performance) -> list[Start] | FieldInvalid:
    """The starts in their order, or all that is wrong with them."""
    if not 1 <= len(starts_at_ms) <= MAX_SERIES:
        return FieldInvalid("starts.starts_at", f"has {len(starts_at_ms):,} starts", f"1 to {MAX_SERIES}")
    starts = [Start(ms, f"starts.starts_at[{at}]", instant_text(ms)) for at, ms in enumerate(starts_at_ms)]
    return refused_fields(_faults_of_list(starts, source)) or sorted(starts, key=lambda start: start.starts_at_ms)


def _faults_of_list(starts: Sequence[Start], source: Performance) -> Iterator[FieldInvalid | None]:
    seen: set[int] = set()
    for start in starts:
        yield refused_instant(start.field, start.starts_at_ms)
        if start.starts_at_ms in seen:
            yield FieldInvalid(start.field, f"{start.name} is there twice", "each start once")
        if start.starts_at_ms == source.starts_at_ms:
            yield FieldInvalid(start.field, f"{start.name} is when the performance itself begins", "other starts")
        seen.add(start.starts_at_ms)


def refused_rule(rule: WeeklyRule) -> FieldInvalid | None:
    """All that is wrong with a rule by itself, None if nothing is."""
    return refused_fields((*_faults_of_week(rule), *_faults_of_dates(rule)))


def _faults_of_week(rule: WeeklyRule) -> Iterator[FieldInvalid]:
    if not rule.weekdays or len(set(rule.weekdays)) < len(rule.weekdays) or not set(rule.weekdays) <= set(range(1, 8)):
        problem = f"are {', '.join(map(str, rule.weekdays[:10]))}" if rule.weekdays else UNSET
        yield FieldInvalid("weekly.weekdays", problem, "1 (Monday) to 7, each once")
    if not 1 <= len(rule.local_times) <= MAX_TIMES_A_DAY:
        problem = f"has {len(rule.local_times):,} times" if rule.local_times else UNSET
        yield FieldInvalid("weekly.local_times", problem, f"1 to {MAX_TIMES_A_DAY}")
        return
    seen: set[str] = set()
    for at, text in enumerate(rule.local_times):
        if time_of_day(text) is None or text in seen:
            problem = f"is {text[:20]!r}" + (" again" if text in seen else "")
            yield FieldInvalid(f"weekly.local_times[{at}]", problem, "hh:mm such as 20:00, each once")
        seen.add(text)


def _faults_of_dates(rule: WeeklyRule) -> Iterator[FieldInvalid]:
    first, last = calendar_day(rule.first_date), calendar_day(rule.last_date)
    for name, text, found in (("first_date", rule.first_date, first), ("last_date", rule.last_date, last)):
        if found is None:
            problem = f"is {text[:20]!r}" if text else UNSET
            yield FieldInvalid(f"weekly.{name}", problem, "a date such as 2026-10-25, from 2000 to 2099")
    if first is not None and last is not None and not timedelta(0) <= last - first <= timedelta(MAX_SERIES_DAYS):
        limit = f"from the first date on, at most {MAX_SERIES_DAYS} days after it"
        yield FieldInvalid("weekly.last_date", f"is {rule.last_date}", limit)


def starts_of_rule(rule: WeeklyRule, zone: str, source: Performance) -> list[Start] | FieldInvalid:
    """The rule's starts in their order, without the source's own; the rule has passed refused_rule.

    20:00 stays 20:00 over the change of the clocks; a time that daylight saving skips or doubles is refused by name.
    """
    starts: list[Start] = []
    faults: list[FieldInvalid] = []
    for at, local in _local_starts(rule):
        found = local_instant(zone, local)
        if isinstance(found, NoSuchLocalTime):
            faults.append(found.fault(f"weekly.local_times[{at}]"))
        elif found != source.starts_at_ms:
            starts.append(Start(found, "weekly", local_text(local)))
        if len(starts) > MAX_SERIES:
            return FieldInvalid("weekly", f"gives more than {MAX_SERIES} performances", f"1 to {MAX_SERIES}")
    if not starts and not faults:
        return FieldInvalid("weekly", "gives no other performance", f"1 to {MAX_SERIES}")
    return refused_fields(faults) or starts


def _local_starts(rule: WeeklyRule) -> Iterator[tuple[int, datetime]]:
    """Each with the position of its time in the rule."""
    day, last = calendar_day(rule.first_date), calendar_day(rule.last_date)
    times = [(found, at) for at, text in enumerate(rule.local_times) if (found := time_of_day(text)) is not None]
    while day is not None and last is not None and day <= last:
        if day.isoweekday() in rule.weekdays:
            yield from ((at, datetime.combine(day, found)) for found, at in sorted(times))
        day += timedelta(days=1)


def members_of(
    source: Performance, zone: str, starts: Sequence[Start], performance_ids: Sequence[str], series_id: str
) -> list[Performance] | FieldInvalid:
    """A copy for each start, all or none: faults name the member and what of it does not fit."""
    members: list[Performance] = []
    faults: list[FieldInvalid] = []
    for start, performance_id in zip(starts, performance_ids, strict=True):
        copy = copy_of(source, performance_id, zone, start.starts_at_ms, series_id=series_id)
        if isinstance(copy, list):
            faults += [
                FieldInvalid(start.field, f"{start.name}: {fault.field} {fault.problem}", fault.limit) for fault in copy
            ]
        else:
            members.append(copy)
    return refused_fields(faults) or members
