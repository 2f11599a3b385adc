"""A quota (R4): what a house says of one, and what is wrong with that by itself. What comes out of it: quotas.py."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.contracts.bounds import MAX_CATEGORY_CHARS, MAX_NAME_CHARS, MAX_TICKET_TYPE_CHARS, MAX_ZONE_CHARS
from services.contracts.channels import Channel
from services.contracts.house_time import calendar_day, time_of_day
from services.contracts.quotas import MAX_PERCENT, QuotaPercentages, SalePhase
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key

MAX_QUOTAS: Final = 50
MAX_RULES: Final = 100
MAX_RULE_TIMES: Final = 50
MAX_PERFORMANCES: Final = 200
MAX_PLACES_NAMED: Final = 100
MAX_ASSIGNMENTS: Final = 300
MAX_SIZE: Final = 100_000
# Two years: nobody sells for longer.
MAX_PRESALE_HOURS: Final = 17_544
# Rules and assignments are what makes a quota large on a page of a list.
_ROWS_A_PART: Final = 20

NONE_SAID: Final = QuotaPercentages()
_WORDS = "1 (Monday) to 7, each once"


@dataclass(frozen=True, slots=True)
class QuotaAssignment:
    """A ticket type that a channel may sell in a phase (R4.7). None: one that nobody knows."""

    ticket_type: str
    channel: Channel | None
    phase: SalePhase | None


@dataclass(frozen=True, slots=True)
class QuotaRule:
    """What is other for some performances (R4.11), by the house's clock. What is empty or 0 is not said.

    The one made last has the highest number.
    """

    rule_number: int = 0
    weekdays: tuple[int, ...] = ()
    first_date: str = ""
    last_date: str = ""
    local_times: tuple[str, ...] = ()
    local_opening: str = ""
    local_closing: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """Fields are named as in the message. Without performances it is of all of the production's."""

    name: str
    production_id: str
    performance_ids: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    size: int = 0
    presale_hours: int = 0
    percentages: QuotaPercentages = NONE_SAID
    assignments: tuple[QuotaAssignment, ...] = ()
    rules: tuple[QuotaRule, ...] = ()

    def covers(self, category: str, zone: str) -> bool:
        """Whether a place there is one of its."""
        return (not self.categories and not self.zones) or category in self.categories or zone in self.zones


CHANGEABLE: Final = frozenset(field.name for field in dataclasses.fields(Quota))


def parts_of(quota: Quota) -> int:
    """How much of a page of a list it takes."""
    return 1 + (len(quota.rules) + len(quota.assignments) + len(quota.performance_ids)) // _ROWS_A_PART


def refused_quota(quota_id: str, quota: Quota) -> FieldInvalid | None:
    """All that is wrong with a quota by itself, None if nothing is."""
    return refused_fields(_faults(quota_id, quota))


def numbered(before: Sequence[QuotaRule], wanted: Sequence[QuotaRule]) -> tuple[QuotaRule, ...] | FieldInvalid:
    """The wanted rules, oldest first: new ones are made now, in their order; others keep their number."""
    known = {rule.rule_number for rule in before}
    faults = [
        FieldInvalid(f"quota.rules[{place}].rule_number", f"{rule.rule_number} is none of its rules", _known(known))
        for place, rule in enumerate(wanted)
        if rule.rule_number and rule.rule_number not in known
    ]
    if refusal := refused_fields(faults):
        return refusal
    last = max(known, default=0)
    kept = sorted((rule for rule in wanted if rule.rule_number), key=lambda rule: rule.rule_number)
    new = [rule for rule in wanted if not rule.rule_number]
    return (*kept, *(dataclasses.replace(rule, rule_number=last + at) for at, rule in enumerate(new, 1)))


def _known(numbers: set[int]) -> str:
    return f"0 for a new one{''.join(f', {number}' for number in sorted(numbers))}"


def _faults(quota_id: str, quota: Quota) -> Iterator[FieldInvalid | None]:
    yield refused_key("quota.quota_id", quota_id)
    yield refused_text("quota.name", quota.name, at_most=MAX_NAME_CHARS)
    yield refused_key("quota.production_id", quota.production_id)
    yield from _faults_of_list("performance_ids", quota.performance_ids, MAX_PERFORMANCES, 0)
    yield from _faults_of_list("categories", quota.categories, MAX_PLACES_NAMED, MAX_CATEGORY_CHARS)
    yield from _faults_of_list("zones", quota.zones, MAX_PLACES_NAMED, MAX_ZONE_CHARS)
    yield from _faults_of_size(quota)
    if not 0 <= quota.presale_hours <= MAX_PRESALE_HOURS:
        problem = "is negative" if quota.presale_hours < 0 else f"is {quota.presale_hours:,}"
        yield FieldInvalid("quota.presale_hours", problem, f"0 to {MAX_PRESALE_HOURS:,} hours before the anchor")
    for field in dataclasses.fields(quota.percentages):
        percent = getattr(quota.percentages, field.name)
        if percent is not None and not 0 <= percent <= MAX_PERCENT:
            yield FieldInvalid(f"quota.percentages.{field.name}", f"is {percent:,}", f"0 to {MAX_PERCENT}")
    yield from _faults_of_assignments(quota.assignments)
    if len(quota.rules) > MAX_RULES:
        yield FieldInvalid("quota.rules", f"has {len(quota.rules):,} rules", f"at most {MAX_RULES}")
        return
    seen: set[int] = set()
    for place, rule in enumerate(quota.rules):
        yield from _faults_of_rule(f"quota.rules[{place}]", rule)
        if rule.rule_number in seen:
            yield FieldInvalid(f"quota.rules[{place}].rule_number", f"{rule.rule_number} is there twice", "each once")
        seen |= {rule.rule_number} - {0}


def _faults_of_size(quota: Quota) -> Iterator[FieldInvalid | None]:
    if not quota.size and not any(rule.size for rule in quota.rules):
        yield FieldInvalid("quota.size", UNSET, "a size, here or in one of the rules")
    yield _refused_size("quota.size", quota.size)


def _refused_size(field: str, size: int) -> FieldInvalid | None:
    if 0 <= size <= MAX_SIZE:
        return None
    problem = "is negative" if size < 0 else f"is {size:,}"
    return FieldInvalid(field, problem, f"0 to {MAX_SIZE:,}, at most the places that it covers")


def _faults_of_list(name: str, values: Sequence[str], most: int, chars: int) -> Iterator[FieldInvalid | None]:
    """`chars` 0: they are ids."""
    if len(values) > most:
        yield FieldInvalid(f"quota.{name}", f"has {len(values):,}", f"at most {most}")
        return
    for place, value in enumerate(values):
        field = f"quota.{name}[{place}]"
        yield refused_text(field, value, at_most=chars) if chars else refused_key(field, value)
        if value in values[:place]:
            yield FieldInvalid(field, f"{value!r} is there twice", "each once")


def _faults_of_assignments(assignments: Sequence[QuotaAssignment]) -> Iterator[FieldInvalid | None]:
    if len(assignments) > MAX_ASSIGNMENTS:
        yield FieldInvalid("quota.assignments", f"has {len(assignments):,}", f"at most {MAX_ASSIGNMENTS}")
        return
    seen: set[QuotaAssignment] = set()
    for place, one in enumerate(assignments):
        field = f"quota.assignments[{place}]"
        yield refused_text(f"{field}.ticket_type", one.ticket_type, at_most=MAX_TICKET_TYPE_CHARS)
        if one.channel is None:
            yield FieldInvalid(f"{field}.channel", UNSET, ", ".join(each.value for each in Channel))
        if one.phase is None:
            yield FieldInvalid(f"{field}.phase", UNSET, ", ".join(each.value for each in SalePhase))
        if one in seen:
            yield FieldInvalid(field, "is there twice", "each once")
        seen.add(one)


def _faults_of_rule(field: str, rule: QuotaRule) -> Iterator[FieldInvalid | None]:
    if len(set(rule.weekdays)) < len(rule.weekdays) or not set(rule.weekdays) <= set(range(1, 8)):
        yield FieldInvalid(f"{field}.weekdays", f"are {', '.join(map(str, rule.weekdays[:10]))}", _WORDS)
    dates = {name: getattr(rule, name) for name in ("first_date", "last_date") if getattr(rule, name)}
    for name, text in dates.items():
        if calendar_day(text) is None:
            limit = "a date such as 2026-10-25, from 2000 to 2099"
            yield FieldInvalid(f"{field}.{name}", f"is {text[:20]!r}", limit)
    if len(dates) > 1 and rule.last_date < rule.first_date:
        yield FieldInvalid(f"{field}.last_date", f"is {rule.last_date[:20]}", "the first date or later")
    if len(rule.local_times) > MAX_RULE_TIMES:
        yield FieldInvalid(f"{field}.local_times", f"has {len(rule.local_times):,}", f"at most {MAX_RULE_TIMES}")
    for place, text in enumerate(rule.local_times[:MAX_RULE_TIMES]):
        yield _refused_time(f"{field}.local_times[{place}]", text)
        if text in rule.local_times[:place]:
            yield FieldInvalid(f"{field}.local_times[{place}]", f"{text[:20]} is there twice", "each once")
    for name, text in (("local_opening", rule.local_opening), ("local_closing", rule.local_closing)):
        yield _refused_time(f"{field}.{name}", text) if text else None
    if rule.local_opening and rule.local_closing and rule.local_closing <= rule.local_opening:
        yield FieldInvalid(f"{field}.local_closing", f"is {rule.local_closing[:20]}", "after the opening")
    yield _refused_size(f"{field}.size", rule.size)


def _refused_time(field: str, text: str) -> FieldInvalid | None:
    return None if time_of_day(text) is not None else FieldInvalid(field, f"is {text[:20]!r}", "hh:mm such as 10:00")
