"""What is refused of a quota: by itself, and beside plans, prices, the sale, other quotas; all at once, with facts."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from services.catalogue.domain.kept import Kept
from services.catalogue.domain.performance import Performance
from services.catalogue.domain.performance_times import SalesWindow
from services.catalogue.domain.quota import Quota, QuotaAssignment, QuotaRule, numbered, parts_of, refused_quota
from services.catalogue.domain.quota_checks import Beside, refused_beside
from services.contracts.channels import Channel
from services.contracts.quotas import QuotaPercentages, SalePhase
from services.runtime.errors import FieldInvalid
from tests.unit.catalogue.shows import at, quota, show

PLAN = {("Stalls", "Ground"): 20, ("Balcony", "First"): 10, ("Stalls", "Pit"): 5}
SHOW = show("2026-11-20 17:00")


def fields(refusal: FieldInvalid | None) -> list[str]:
    return [violation.field for violation in refusal.violations()] if refusal else []


def words(refusal: FieldInvalid | None) -> list[str]:
    return [violation.description for violation in refusal.violations()] if refusal else []


def beside(wanted: Kept[Quota], *others: Kept[Quota], its: Performance = SHOW, **changes: Any) -> FieldInvalid | None:
    facts: dict[str, Any] = {
        "performances": [its],
        "places": {("hal_1", 1): PLAN},
        "others": others,
        "ticket_types": frozenset({"student"}),
    }
    return refused_beside(wanted, Beside(**(facts | changes)), hours_are_new=True)


def test_all_that_is_wrong_with_a_quota_is_told_at_once() -> None:
    rule = QuotaRule(0, (8,), "2026-13-01", "tomorrow", ("10:00", "10:00", "T1000"), "18:00", "10:00", -1)
    wrong = Quota(
        name="",
        production_id="",
        performance_ids=("prf_1", "prf_1"),
        categories=("",),
        zones=("Pit", "Pit"),
        size=-1,
        presale_hours=-2,
        percentages=QuotaPercentages(online_presale=101, backend_day=100),
        assignments=(QuotaAssignment("", None, None), QuotaAssignment("", None, None)),
        rules=(rule, QuotaRule(3), QuotaRule(3)),
    )
    assert fields(refused_quota("a b", wrong)) == [
        "quota.quota_id",
        "quota.name",
        "quota.production_id",
        "quota.performance_ids[1]",
        "quota.categories[0]",
        "quota.zones[1]",
        "quota.size",
        "quota.presale_hours",
        "quota.percentages.online_presale",
        "quota.assignments[0].ticket_type",
        "quota.assignments[0].channel",
        "quota.assignments[0].phase",
        "quota.assignments[1].ticket_type",
        "quota.assignments[1].channel",
        "quota.assignments[1].phase",
        "quota.assignments[1]",
        "quota.rules[0].weekdays",
        "quota.rules[0].first_date",
        "quota.rules[0].last_date",
        "quota.rules[0].local_times[1]",
        "quota.rules[0].local_times[2]",
        "quota.rules[0].local_closing",
        "quota.rules[0].size",
        "quota.rules[2].rule_number",
    ]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"presale_hours": -2}, "quota.presale_hours is negative (limit: 0 to 17,544 hours before the anchor)."),
        (
            {"percentages": QuotaPercentages(box_office_day=101)},
            "quota.percentages.box_office_day is 101 (limit: 0 to 100).",
        ),
        ({"size": 0}, "quota.size must be set (limit: a size, here or in one of the rules)."),
    ],
)
def test_r4_a_number_out_of_bounds_is_told_with_its_limit(body: dict[str, Any], told: str) -> None:
    assert words(refused_quota("quo_1", quota(**body).body)) == [told]


@pytest.mark.parametrize("percent", [0, 100])
def test_percentages_reach_from_none_to_all(percent: int) -> None:
    assert refused_quota("quo_1", quota(percentages=QuotaPercentages(online_day=percent)).body) is None


def test_a_quota_fits_into_its_bounds() -> None:
    for name, most in (("performance_ids", 200), ("categories", 100), ("zones", 100)):
        values = tuple(f"n{number}" for number in range(most))
        most_of_it: dict[str, Any] = {name: values}
        assert refused_quota("quo_1", quota(**most_of_it).body) is None
        more: dict[str, Any] = {name: (*values, "n_more")}
        assert fields(refused_quota("quo_1", quota(**more).body)) == [f"quota.{name}"]
    assert fields(refused_quota("quo_1", quota(*[QuotaRule(size=1)] * 101).body)) == ["quota.rules"]
    many = tuple(QuotaAssignment(f"t{number}", Channel.ONLINE, SalePhase.DAY) for number in range(301))
    assert fields(refused_quota("quo_1", quota(assignments=many).body)) == ["quota.assignments"]
    assert parts_of(quota(assignments=many).body) > parts_of(quota().body) == 1


def test_a_size_over_the_places_that_are_covered_says_how_many_there_are() -> None:
    assert beside(quota(size=35)) is None
    assert words(beside(quota(size=36))) == [
        "quota.size is 36, and there are 35 places in performance prf_1 (limit: at most 35, the places that it covers)."
    ]
    assert beside(quota(size=25, categories=("Stalls",))) is None
    assert "25 places" in words(beside(quota(size=26, categories=("Stalls",))))[0]
    assert beside(quota(size=15, categories=("Balcony",), zones=("Pit",))) is None
    assert fields(beside(quota(size=16, categories=("Balcony",), zones=("Pit",)))) == ["quota.size"]


def test_a_rules_size_is_looked_at_where_it_counts_and_else_beside_the_largest_plan() -> None:
    small = show("2026-11-20 17:00", performance_id="prf_small", hall_id="hal_2")
    large = show("2026-11-21 17:00", performance_id="prf_large")
    both: dict[str, Any] = {
        "performances": [small, large],
        "places": {("hal_1", 1): PLAN, ("hal_2", 1): {("Stalls", "Ground"): 8}},
    }
    fridays = quota(QuotaRule(1, weekdays=(5,), size=9), size=8)
    assert words(beside(fridays, **both)) == [
        "quota.rules[0].size is 9, and there are 8 places in performance prf_small "
        "(limit: at most 8, the places that it covers)."
    ]
    saturdays = quota(QuotaRule(1, weekdays=(6,), size=35), size=8)
    assert beside(saturdays, **both) is None
    sundays = quota(QuotaRule(1, weekdays=(7,), size=36), size=8)
    assert "35 places in the largest plan" in words(beside(sundays, **both))[0]


def test_what_is_in_no_plan_is_told_beside_what_is() -> None:
    told = words(beside(quota(size=10, categories=("Balcony", "Loge"), zones=("Attic",))))
    assert told == [
        "quota.categories[1] 'Loge' is in none of the plans (limit: one of Balcony, Stalls).",
        "quota.zones[0] 'Attic' is in none of the plans (limit: one of First, Ground, Pit).",
    ]
    assert beside(quota(size=10, categories=("Loge",)), performances=[], places={}) is None


@pytest.mark.parametrize(
    ("wanted", "other", "field", "named"),
    [
        ({"categories": ("Stalls",)}, {"zones": ("Pit",)}, "quota.categories", "category 'Stalls' and zone 'Pit'"),
        ({"zones": ("Pit",)}, {"categories": ("Stalls",)}, "quota.zones", "category 'Stalls' and zone 'Pit'"),
        ({"zones": ("Pit",)}, {}, "quota.zones", "zone 'Pit'"),
        ({}, {"categories": ("Balcony",)}, "quota.categories", "category 'Balcony'"),
    ],
)
def test_a_place_in_two_quotas_is_refused_with_the_quota_and_the_place(
    wanted: dict[str, Any], other: dict[str, Any], field: str, named: str
) -> None:
    refused = beside(quota(size=1, **wanted), quota(quota_id="quo_2", size=1, **other))
    assert fields(refused) == [field]
    assert named in words(refused)[0]
    assert "quota quo_2, 'quo_2'" in words(refused)[0]


def test_quotas_of_other_places_or_other_performances_are_in_nobodys_way() -> None:
    pit, balcony = quota(size=1, zones=("Pit",)), quota(quota_id="quo_2", size=1, categories=("Balcony",))
    assert beside(pit, balcony) is None
    first = quota(size=1, performance_ids=("prf_1",))
    assert beside(first, quota(quota_id="quo_2", performance_ids=("prf_2",))) is None
    assert fields(beside(first, quota(quota_id="quo_2", performance_ids=("prf_2", "prf_1")))) == ["quota.categories"]


@pytest.mark.parametrize("wanted", [{}, {"categories": ("Loge",)}, {"zones": ("Attic",)}])
def test_before_there_is_a_performance_names_alone_tell_that_places_are_shared(wanted: dict[str, Any]) -> None:
    nothing: dict[str, Any] = {"performances": [], "places": {}}
    assert len(fields(beside(quota(**wanted), quota(quota_id="quo_2", **wanted), **nothing))) == 1
    assert beside(quota(categories=("Loge",)), quota(quota_id="quo_2", zones=("Attic",)), **nothing) is None


def test_a_name_that_another_quota_has_is_refused_with_it() -> None:
    refused = beside(
        quota(size=1, zones=("Pit",), name="School"), quota(quota_id="quo_2", name="school", categories=("Balcony",))
    )
    assert words(refused) == [
        "quota.name is that of quota quo_2 (limit: each name once among the production's quotas)."
    ]


def test_r4_7_an_unknown_ticket_type_is_refused_with_those_that_there_are() -> None:
    types = [QuotaAssignment(name, Channel.ONLINE, SalePhase.DAY) for name in ("normal", "student", "senior")]
    assert words(beside(quota(size=1, assignments=tuple(types)))) == [
        "quota.assignments[2].ticket_type 'senior' is unknown (limit: one of normal, student)."
    ]


def test_d_beyond_the_sales_beginning_names_both_instants() -> None:
    windows = (
        SalesWindow(Channel.ONLINE, at("2026-11-18 17:00")),
        SalesWindow(Channel.BACKEND, at("2026-11-19 17:00")),
    )
    opening = dataclasses.replace(SHOW, times=dataclasses.replace(SHOW.times, sales_windows=windows))
    assert beside(quota(size=1, presale_hours=48), its=opening) is None
    refused = beside(quota(size=1, presale_hours=49), its=opening)
    assert words(refused) == [
        "quota.presale_hours is 49, and the day sale of performance prf_1 would begin at 2026-11-18T15:00:00Z, before "
        "its sale opens at 2026-11-18T16:00:00Z (limit: 0 to 48 there)."
    ]
    published = dataclasses.replace(SHOW, published_at_ms=at("2026-11-18 17:00"))
    assert beside(quota(size=1, presale_hours=48), its=published) is None
    assert fields(beside(quota(size=1, presale_hours=49), its=published)) == ["quota.presale_hours"]
    assert beside(quota(size=1, presale_hours=49)) is None


def test_d_is_left_alone_where_nothing_that_it_hangs_on_has_changed() -> None:
    """Else a quota of a sale that opened late could not be given another name any more."""
    published = dataclasses.replace(SHOW, published_at_ms=at("2026-11-18 17:00"))
    its = Beside([published], {("hal_1", 1): PLAN}, (), frozenset())
    late = quota(size=1, presale_hours=49)
    assert refused_beside(late, its, hours_are_new=False) is None
    assert fields(refused_beside(late, its, hours_are_new=True)) == ["quota.presale_hours"]


def test_faults_beside_everything_are_told_together() -> None:
    wrong = quota(
        size=99,
        presale_hours=49,
        categories=("Loge", "Stalls"),
        assignments=(QuotaAssignment("senior", Channel.ONLINE, SalePhase.DAY),),
    )
    published = dataclasses.replace(SHOW, published_at_ms=at("2026-11-18 17:00"))
    other = quota(quota_id="quo_2", name="quo_1", zones=("Pit",))
    assert fields(beside(wrong, other, its=published)) == [
        "quota.name",
        "quota.categories[0]",
        "quota.categories",
        "quota.assignments[0].ticket_type",
        "quota.size",
        "quota.presale_hours",
    ]


def test_r4_11_rules_that_keep_their_number_stay_as_old_as_they_are() -> None:
    monday, tuesday = QuotaRule(1, (1,), size=1), QuotaRule(2, (2,), size=1)
    new = QuotaRule(0, (3,), size=1)
    assert numbered((), (new, new)) == (
        dataclasses.replace(new, rule_number=1),
        dataclasses.replace(new, rule_number=2),
    )
    changed = dataclasses.replace(monday, size=2)
    assert numbered((monday, tuesday), (new, tuesday, changed)) == (
        changed,
        tuesday,
        dataclasses.replace(new, rule_number=3),
    )
    refused = numbered((monday, tuesday), (QuotaRule(7, size=1),))
    assert isinstance(refused, FieldInvalid)
    assert (refused.field, refused.limit) == ("quota.rules[0].rule_number", "0 for a new one, 1, 2")
