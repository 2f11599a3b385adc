"""R4.2, R4.3, R4.11: what comes out of a quota for one performance; which rule counts, from when the day sale is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.api.quota_terms import terms_of_quota
from services.catalogue.domain.performance import Performance
from services.catalogue.domain.performance_copies import copy_of
from services.catalogue.domain.performance_events import PerformanceMoved
from services.catalogue.domain.performance_life import NewDate, move
from services.catalogue.domain.performance_times import Admission
from services.catalogue.domain.quota import QuotaRule
from services.catalogue.domain.quotas import changed_terms, in_force, outcome, outcomes
from services.contracts.channels import Channel
from services.contracts.house_time import local_of
from services.contracts.quotas import QuotaPercentages, SalePhase, phase_at
from tests.unit.catalogue.shows import ZONE, at, quota, show

HALF = QuotaPercentages(online_presale=50)


def test_r4_2_a_time_slots_presale_is_counted_back_from_its_own_start() -> None:
    slots = [show(f"2026-11-20 {hour}:00", quota(presale_hours=2), admission=Admission.SLOT) for hour in (10, 14, 17)]
    ends = [outcomes(slot)[0].day_sale_ms for slot in slots]
    assert ends == [at("2026-11-20 08:00"), at("2026-11-20 12:00"), at("2026-11-20 15:00")]


@pytest.mark.parametrize("starts", ["2026-11-20 10:00", "2026-11-20 16:30"])
def test_r4_2_every_day_ticket_counts_as_ten_where_the_quota_opens_at_ten(starts: str) -> None:
    by_rule = quota(QuotaRule(1, local_opening="10:00"), presale_hours=2)
    day = show(starts, by_rule, opens="2026-11-20 09:00", closes="2026-11-20 20:00")
    (found,) = outcomes(day)
    assert (found.anchor_ms, found.day_sale_ms) == (at("2026-11-20 10:00"), at("2026-11-20 08:00"))


def test_r4_2_without_a_rule_of_its_own_a_day_opens_as_the_performance_does() -> None:
    (found,) = outcomes(show("2026-11-20 12:00", quota(), opens="2026-11-20 09:00", closes="2026-11-20 20:00"))
    hours = found.anchor_ms, found.opens_at_ms, found.closes_at_ms
    assert hours == (at("2026-11-20 09:00"), at("2026-11-20 09:00"), at("2026-11-20 20:00"))


def test_r4_2_an_opening_says_nothing_to_whoever_is_let_in_at_the_start() -> None:
    (found,) = outcomes(show("2026-11-20 17:00", quota(QuotaRule(1, local_opening="10:00"))))
    assert (found.anchor_ms, found.opens_at_ms) == (at("2026-11-20 17:00"), 0)


def test_r4_3_start_at_five_and_two_hours_until_three_it_is_the_presale() -> None:
    (found,) = outcomes(show("2026-11-20 17:00", quota(presale_hours=2)))
    assert phase_at(at("2026-11-20 14:59:59"), found.day_sale_ms) is SalePhase.PRESALE
    assert phase_at(at("2026-11-20 15:00"), found.day_sale_ms) is SalePhase.DAY


@pytest.mark.parametrize(
    ("starts", "day_sale"),
    [
        # Between the two 25 hours pass, and 23.
        ("2026-10-25 17:00", "2026-10-24 18:00"),
        ("2027-03-28 17:00", "2027-03-27 16:00"),
    ],
)
def test_r4_3_hours_are_elapsed_ones_in_both_nights_of_daylight_saving(starts: str, day_sale: str) -> None:
    (found,) = outcomes(show(starts, quota(presale_hours=24)))
    assert found.day_sale_ms == at(day_sale)


def test_r4_2_an_opening_that_daylight_saving_skips_is_an_hour_later_and_one_that_it_doubles_the_first() -> None:
    night = quota(QuotaRule(1, local_opening="02:30"))
    skipped = show("2027-03-28 12:00", night, opens="2027-03-28 01:00", closes="2027-03-28 23:00")
    assert outcomes(skipped)[0].anchor_ms == at("2027-03-28T03:30+02:00")
    doubled = show("2026-10-25 12:00", night, opens="2026-10-25 01:00", closes="2026-10-25 23:00")
    assert outcomes(doubled)[0].anchor_ms == at("2026-10-25T02:30+02:00")


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (QuotaRule(1, weekdays=(5,)), ""),
        (QuotaRule(1, weekdays=(6, 7)), "it is for other days of the week"),
        (QuotaRule(1, first_date="2026-11-20", last_date="2026-11-20"), ""),
        (QuotaRule(1, first_date="2026-11-21"), "it is from 2026-11-21 on"),
        (QuotaRule(1, last_date="2026-11-19"), "it is until 2026-11-19"),
        (QuotaRule(1, local_times=("16:00", "17:00")), ""),
        (QuotaRule(1, local_times=("10:00",)), "it is for other starts"),
    ],
)
def test_r4_11_a_rule_is_for_its_days_dates_and_slots(rule: QuotaRule, why: str) -> None:
    (found,) = outcomes(show("2026-11-20 17:00", quota(dataclasses.replace(rule, size=7))))
    assert (found.size, found.passed_over.get(1, "")) == (100 if why else 7, why)


def test_r4_11_a_rules_day_is_the_houses_not_that_of_utc() -> None:
    saturday = quota(QuotaRule(1, weekdays=(6,), first_date="2026-11-21", last_date="2026-11-21", size=7))
    # On Friday, 23:30 in UTC.
    (found,) = outcomes(show("2026-11-21 00:30", saturday))
    assert found.size == 7


def test_r4_11_where_several_rules_apply_the_one_made_last_wins_and_the_others_say_so() -> None:
    rules = QuotaRule(1, weekdays=(5,), size=10), QuotaRule(2, size=20), QuotaRule(3, weekdays=(6,), size=30)
    (found,) = outcomes(show("2026-11-20 17:00", quota(*rules)))
    assert found.rule is rules[1]
    assert found.size == 20
    assert found.passed_over == {1: "rule 2 was made later", 3: "it is for other days of the week"}


def test_r4_11_the_rule_that_counts_takes_the_quotas_own_where_it_says_nothing() -> None:
    rules = QuotaRule(1, size=10, local_opening="08:00"), QuotaRule(2, local_closing="19:00")
    day = show("2026-11-20 12:00", quota(*rules), opens="2026-11-20 09:00", closes="2026-11-20 20:00")
    (found,) = outcomes(day)
    assert (found.size, found.anchor_ms, found.closes_at_ms) == (100, at("2026-11-20 09:00"), at("2026-11-20 19:00"))


def test_a_quota_without_a_size_of_its_own_limits_only_where_a_rule_says_one() -> None:
    mondays = quota(QuotaRule(1, weekdays=(1,), size=40), size=0)
    friday, monday = show("2026-11-20 17:00", mondays), show("2026-11-23 17:00", mondays)
    assert (in_force(friday), outcomes(friday)[0].size) == ((), 0)
    assert [one.size for one in in_force(monday)] == [40]


def test_r4_4_and_r4_9_caps_are_shown_as_the_owner_reckons_them() -> None:
    limited = quota(size=25, percentages=QuotaPercentages(online_presale=50, box_office_presale=29))
    (found,) = outcomes(show("2026-11-20 17:00", limited))
    caps = {channel: found.cap(channel, SalePhase.PRESALE) for channel in Channel}
    assert caps == {Channel.ONLINE: 12, Channel.BACKEND: 12, Channel.BOX_OFFICE: 7}
    assert {found.cap(channel, SalePhase.DAY) for channel in Channel} == {25}


def test_r2_4_a_copy_takes_its_quotas_along_and_counts_from_its_own_start() -> None:
    source = show("2026-11-20 17:00", quota(presale_hours=2))
    copy = copy_of(source, "prf_2", ZONE, at("2026-11-27 19:00"))
    assert isinstance(copy, Performance)
    (found,) = in_force(copy)
    assert (found.quota, found.day_sale_ms) == (source.quotas[0], at("2026-11-27 17:00"))


def test_r2_10_a_performance_that_is_moved_moves_its_anchor() -> None:
    moved = move(
        show("2026-11-20 17:00", quota(presale_hours=2)), ZONE, at("2026-11-01 12:00"), NewDate(at("2026-11-21 20:00"))
    )
    assert isinstance(moved, PerformanceMoved)
    (found,) = in_force(moved.performance)
    assert found.anchor_ms == at("2026-11-21 20:00")


def test_only_performances_whose_terms_have_changed_are_told() -> None:
    before = quota(QuotaRule(1, weekdays=(5,), size=10))
    friday, monday = show("2026-11-20 17:00", before), show("2026-11-23 17:00", before)
    smaller = dataclasses.replace(before, body=dataclasses.replace(before.body, rules=(QuotaRule(1, (5,), size=9),)))
    after = [dataclasses.replace(one, quotas=(smaller,)) for one in (friday, monday)]
    assert list(changed_terms([friday, monday], after)) == after[:1]
    half = dataclasses.replace(before, body=dataclasses.replace(before.body, percentages=HALF))
    after = [dataclasses.replace(one, quotas=(half,)) for one in (friday, monday)]
    assert list(changed_terms([friday, monday], after)) == after


def test_another_opening_of_a_day_is_another_term() -> None:
    ten, nine = (quota(QuotaRule(1, local_opening=opening)) for opening in ("10:00", "09:00"))
    day = show("2026-11-20 12:00", ten, opens="2026-11-20 08:00", closes="2026-11-20 20:00")
    after = dataclasses.replace(day, quotas=(nine,))
    assert list(changed_terms([day], [after])) == [after]
    assert list(changed_terms([day], [day])) == []


def test_what_is_told_is_the_outcome_not_the_rules() -> None:
    limited = quota(QuotaRule(1, size=10), percentages=HALF, presale_hours=3, zones=("Pit",))
    (found,) = in_force(show("2026-11-20 17:00", limited))
    terms = terms_of_quota(found)
    assert (terms.quota_id, terms.size, list(terms.zones), terms.presale_hours) == ("quo_1", 10, ["Pit"], 3)
    assert terms.anchor_at.seconds * 1000 == at("2026-11-20 17:00")
    assert terms.percentages.online_presale == 50
    assert not terms.percentages.HasField("online_day")


DAYS = st.integers(0, 40).map(lambda day: (date(2026, 10, 10) + timedelta(day)).isoformat())
RULES = st.lists(
    st.builds(
        QuotaRule,
        weekdays=st.lists(st.integers(1, 7), unique=True).map(tuple),
        first_date=st.just("") | DAYS,
        last_date=st.just("") | DAYS,
        local_times=st.lists(st.sampled_from(["10:00", "14:00", "23:30"]), unique=True, max_size=2).map(tuple),
        local_opening=st.sampled_from(["", "02:30", "10:00"]),
        size=st.integers(0, 50),
    ),
    max_size=8,
)


def applies(rule: QuotaRule, performance: Performance) -> bool:
    """Told the long way round."""
    local = local_of(ZONE, performance.starts_at_ms)
    first = date.fromisoformat(rule.first_date) if rule.first_date else date.min
    last = date.fromisoformat(rule.last_date) if rule.last_date else date.max
    days = range(1, 8) if not rule.weekdays else rule.weekdays
    times = rule.local_times or (local.strftime("%H:%M"),)
    return first <= local.date() <= last and local.weekday() + 1 in days and local.strftime("%H:%M") in times


@given(rules=RULES, day=DAYS, time=st.sampled_from(["10:00", "14:00", "23:30"]), order=st.randoms())
def test_r4_11_of_any_rules_the_last_made_that_applies_counts_whatever_their_order(
    rules: Sequence[QuotaRule], day: str, time: str, order: object
) -> None:
    numbered = [dataclasses.replace(rule, rule_number=number) for number, rule in enumerate(rules, 1)]
    performance = show(f"{day} {time}", opens=f"{day} 09:00", closes=f"{day} 20:00")
    expected = next((rule for rule in reversed(numbered) if applies(rule, performance)), None)
    shuffled = list(numbered)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    found = outcome(quota(*shuffled), performance)
    assert found.rule == expected
    assert found.size == ((expected.size if expected else 0) or 100)
    assert set(found.passed_over) == {rule.rule_number for rule in numbered} - (
        {expected.rule_number} if expected else set()
    )
    assert found.passed_over.keys() & {rule.rule_number for rule in numbered if applies(rule, performance)} == {
        number for number, why in found.passed_over.items() if why.endswith("was made later")
    }
