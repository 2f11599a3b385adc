"""What is wrong with a quota beside the performances that it is of: plans, prices, sale, other quotas. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.catalogue.domain.kept import Kept
from services.catalogue.domain.performance import Performance
from services.catalogue.domain.quota import MAX_QUOTAS, Quota
from services.catalogue.domain.quotas import Outcome, outcome
from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.contracts.instants import instant_text
from services.runtime.errors import ITEMS_NAMED, FieldInvalid, refused_fields

# How many places of a plan are in each (category, zone).
PlacesOf = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Beside:
    """The performances to come that the quota is of, their plans by (hall, version), and the production's others.

    `ticket_types`: those that the house keeps. Whoever is over or cancelled is in nobody's way.
    """

    performances: Sequence[Performance]
    places: Mapping[tuple[str, int], PlacesOf]
    others: Sequence[Kept[Quota]]
    ticket_types: frozenset[str]


def refused_beside(quota: Kept[Quota], beside: Beside, *, hours_are_new: bool) -> FieldInvalid | None:
    """All that is wrong, None if nothing is. `hours_are_new`: D, or what it is counted back from, has changed."""
    return refused_fields(
        (
            *_faults_of_name(quota, beside.others),
            *_faults_of_names_of_places(quota.body, beside),
            *_faults_of_overlap(quota.body, beside),
            *_faults_of_ticket_types(quota.body, beside),
            *_faults_of_sizes(quota, beside),
            *(_faults_of_hours(quota, beside) if hours_are_new else ()),
        )
    )


def _faults_of_name(quota: Kept[Quota], others: Sequence[Kept[Quota]]) -> Iterator[FieldInvalid]:
    if len(others) >= MAX_QUOTAS:
        yield FieldInvalid("quota.production_id", f"has {len(others)} quotas", f"at most {MAX_QUOTAS} of a production")
    for other in others:
        if other.body.name.casefold() == quota.body.name.casefold():
            problem = f"is that of quota {other.thing_id}"
            yield FieldInvalid("quota.name", problem, "each name once among the production's quotas")


def _faults_of_names_of_places(quota: Quota, beside: Beside) -> Iterator[FieldInvalid]:
    """A production without performances has no plans yet, and anything may be named."""
    pairs = {pair for plan in beside.places.values() for pair in plan}
    if not pairs:
        return
    for name, wanted, known in (
        ("categories", quota.categories, {category for category, _ in pairs}),
        ("zones", quota.zones, {zone for _, zone in pairs}),
    ):
        for place, value in enumerate(wanted):
            if value not in known:
                limit = f"one of {_some(known)}"
                yield FieldInvalid(f"quota.{name}[{place}]", f"{value!r} is in none of the plans", limit)


def _faults_of_overlap(quota: Quota, beside: Beside) -> Iterator[FieldInvalid]:
    for other in beside.others:
        some = quota.performance_ids and other.body.performance_ids
        if some and not set(quota.performance_ids) & set(other.body.performance_ids):
            continue
        if shared := _shared(quota, other.body, beside.places.values()):
            category, zone = shared
            named = " and ".join(f"{what} {name!r}" for what, name in (("category", category), ("zone", zone)) if name)
            where = f"places of {named} are" if named else "places are"
            field = "quota.zones" if zone in quota.zones else "quota.categories"
            problem = f"{where} in quota {other.thing_id}, {other.body.name!r}"
            yield FieldInvalid(field, problem, "each place in one quota at most")


def _shared(one: Quota, other: Quota, plans: Iterable[PlacesOf]) -> tuple[str, str] | None:
    """A category and zone with places of both, by the plans; by the names alone where there are no plans."""
    pairs = [pair for plan in plans for pair, count in plan.items() if count]
    for category, zone in pairs:
        if one.covers(category, zone) and other.covers(category, zone):
            return category, zone
    if not (one.categories or one.zones) or not (other.categories or other.zones):
        return "", ""
    if both := set(one.categories) & set(other.categories):
        return min(both), ""
    return ("", min(both)) if (both := set(one.zones) & set(other.zones)) else None


def _faults_of_ticket_types(quota: Quota, beside: Beside) -> Iterator[FieldInvalid]:
    of_prices = {price.ticket_type for one in beside.performances for price in one.prices}
    known = beside.ticket_types | of_prices | {NORMAL_TICKET_TYPE}
    for place, assignment in enumerate(quota.assignments):
        if assignment.ticket_type not in known:
            field = f"quota.assignments[{place}].ticket_type"
            yield FieldInvalid(field, f"{assignment.ticket_type!r} is unknown", f"one of {_some(known)}")


def _faults_of_sizes(quota: Kept[Quota], beside: Beside) -> Iterator[FieldInvalid]:
    """Each size beside the smallest of the performances where it counts; where it counts nowhere, the largest plan."""
    covered = {key: _covered(quota.body, plan) for key, plan in beside.places.items()}
    largest = max(covered.values(), default=0)
    if not largest:
        return
    least: dict[str, tuple[int, str]] = {}
    for one in beside.performances:
        has = covered[one.hall_id, one.plan_version]
        found = outcome(quota, one)
        if has and has < found.size:
            field = _size_field(quota.body, found)
            least[field] = min(least.get(field, (has, one.performance_id)), (has, one.performance_id))
    sizes = {"quota.size": quota.body.size}
    sizes |= {f"quota.rules[{place}].size": rule.size for place, rule in enumerate(quota.body.rules)}
    for field, size in sizes.items():
        if field in least:
            has, performance_id = least[field]
            where = f"there are {has:,} places in performance {performance_id}"
        elif size > largest:
            has, where = largest, f"there are {largest:,} places in the largest plan"
        else:
            continue
        yield FieldInvalid(field, f"is {size:,}, and {where}", f"at most {has:,}, the places that it covers")


def _size_field(quota: Quota, found: Outcome) -> str:
    if found.rule is None or not found.rule.size:
        return "quota.size"
    return f"quota.rules[{quota.rules.index(found.rule)}].size"


def _covered(quota: Quota, plan: PlacesOf) -> int:
    return sum(count for (category, zone), count in plan.items() if quota.covers(category, zone))


def _faults_of_hours(quota: Kept[Quota], beside: Beside) -> Iterator[FieldInvalid]:
    """The first performance whose day sale would begin before its sale."""
    for one in beside.performances:
        opens_ms, found = sale_opens_ms(one), outcome(quota, one)
        if opens_ms and found.size and found.day_sale_ms < opens_ms:
            hours = quota.body.presale_hours
            problem = (
                f"is {hours:,}, and the day sale of performance {one.performance_id} would begin at "
                f"{instant_text(found.day_sale_ms)}, before its sale opens at {instant_text(opens_ms)}"
            )
            most = max(0, (found.anchor_ms - opens_ms) // 3_600_000)
            yield FieldInvalid("quota.presale_hours", problem, f"0 to {most:,} there")
            return


def sale_opens_ms(performance: Performance) -> int:
    """When its sale begins, as far as that is said: with its first window, else with its publication; 0: not said."""
    opens = [window.opens_at_ms for window in performance.times.sales_windows if window.opens_at_ms]
    return min(opens) if opens else performance.published_at_ms


def _some(names: set[str] | frozenset[str]) -> str:
    told = sorted(names)
    more = len(told) - ITEMS_NAMED
    return ", ".join(told[:ITEMS_NAMED]) + (f" and {more} more" if more > 0 else "")
