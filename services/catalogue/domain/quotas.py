"""What comes out of a quota for one performance (R4.2, R4.11): which rule counts, its size, anchor and caps. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.catalogue.domain.kept import Kept
from services.catalogue.domain.performance import Performance
from services.catalogue.domain.performance_times import Admission
from services.catalogue.domain.quota import Quota, QuotaRule
from services.contracts.channels import Channel
from services.contracts.house_time import NoSuchLocalTime, local_instant, local_of, time_of_day
from services.contracts.quotas import SalePhase, cap_of, cutover_ms


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one quota at one performance. `size` 0: it limits nothing there. `passed_over`: why the other rules did not.

    `opens_at_ms` and `closes_at_ms` are the hours of a day's admission, else 0.
    """

    quota: Kept[Quota]
    size: int
    rule: QuotaRule | None
    passed_over: Mapping[int, str]
    anchor_ms: int
    opens_at_ms: int = 0
    closes_at_ms: int = 0

    @property
    def day_sale_ms(self) -> int:
        """R4.3: from then on it is the day sale."""
        return cutover_ms(self.anchor_ms, self.quota.body.presale_hours)

    def percent(self, channel: Channel, phase: SalePhase) -> int:
        """Of the size."""
        return self.quota.body.percentages.of(channel, phase)

    def cap(self, channel: Channel, phase: SalePhase) -> int:
        """R4.4."""
        return cap_of(self.size, self.percent(channel, phase))


def outcomes(performance: Performance) -> tuple[Outcome, ...]:
    """Of all its quotas, in the order in which they were made."""
    return tuple(outcome(quota, performance) for quota in performance.quotas)


def in_force(performance: Performance) -> tuple[Outcome, ...]:
    """Of those that limit anything: what the owner of its seats decides by."""
    return tuple(one for one in outcomes(performance) if one.size)


def outcome(quota: Kept[Quota], performance: Performance) -> Outcome:
    """The rule made last of those that apply counts, and no other."""
    zone, times = performance.book.time_zone, performance.times
    begins = local_of(zone, times.starts_at_ms)
    reasons = {rule.rule_number: why for rule in quota.body.rules if (why := _why_not(rule, begins))}
    applying = [rule for rule in quota.body.rules if rule.rule_number not in reasons]
    counts = max(applying, key=lambda rule: rule.rule_number, default=None)
    for rule in applying:
        if counts is not None and rule is not counts:
            reasons[rule.rule_number] = f"rule {counts.rule_number} was made later"
    size = (counts.size if counts else 0) or quota.body.size
    if performance.admission is not Admission.DAY:
        return Outcome(quota, size, counts, reasons, times.starts_at_ms)
    opening, closing = (counts.local_opening, counts.local_closing) if counts else ("", "")
    opens_ms = _on_that_day(zone, begins, opening) or times.opens_at_ms or times.starts_at_ms
    closes_ms = _on_that_day(zone, begins, closing) or times.closes_at_ms
    return Outcome(quota, size, counts, reasons, opens_ms, opens_ms, closes_ms)


def changed_terms(before: Sequence[Performance], after: Sequence[Performance]) -> Iterator[Performance]:
    """Those of the second whose quotas in force are others than in the first; the same performances in both."""
    for old, new in zip(before, after, strict=True):
        if [_told(one) for one in in_force(old)] != [_told(one) for one in in_force(new)]:
            yield new


def _told(one: Outcome) -> tuple[object, ...]:
    body = one.quota.body
    terms = body.name, body.categories, body.zones, body.presale_hours, body.percentages, body.assignments
    return one.quota.thing_id, one.size, one.anchor_ms, *terms


def _why_not(rule: QuotaRule, begins: datetime) -> str:
    """Why the rule is not for a performance that begins then by the house's clock; empty: it is."""
    day, at = begins.date().isoformat(), begins.strftime("%H:%M")
    if rule.first_date and day < rule.first_date:
        return f"it is from {rule.first_date} on"
    if rule.last_date and day > rule.last_date:
        return f"it is until {rule.last_date}"
    if rule.weekdays and begins.isoweekday() not in rule.weekdays:
        return "it is for other days of the week"
    return "it is for other starts" if rule.local_times and at not in rule.local_times else ""


def _on_that_day(zone: str, begins: datetime, text: str) -> int:
    """0 where nothing is said. What daylight saving skips is later by that; of what it doubles the first counts."""
    at = time_of_day(text)
    if at is None:
        return 0
    found = local_instant(zone, datetime.combine(begins.date(), at), fold=0)
    return found.later_ms if isinstance(found, NoSuchLocalTime) else found
