"""R2.4: copies have all parameters and none of the sale; series keep the house's clock, all or none."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from services.catalogue.domain.performance import Performance, Publication, SaleState
from services.catalogue.domain.performance_copies import (
    MAX_SERIES,
    WeeklyRule,
    copy_of,
    members_of,
    refused_rule,
    starts_of_list,
    starts_of_rule,
)
from services.catalogue.domain.performance_times import Admission, SalesWindow, Times
from services.catalogue.domain.price import Price, TicketKind
from services.contracts.channels import Channel
from services.contracts.house_time import local_of, local_text, refused_or_instant
from services.runtime.errors import FieldInvalid

ZONE = "Europe/Berlin"
WEEKLY = WeeklyRule((2, 4), ("20:00",), "2026-10-20", "2026-11-03")


def at(text: str) -> int:
    found = refused_or_instant("starts_at", ZONE, text)
    assert isinstance(found, int), found
    return found


SOURCE = Performance(
    "prf_1",
    "hse_1",
    "hal_1",
    3,
    "prd_1",
    "Hamlet",
    Times(
        starts_at_ms=at("2026-10-20 20:00"),
        doors_at_ms=at("2026-10-20 19:30"),
        ends_at_ms=at("2026-10-20 22:45"),
        sale_ends_at_ms=at("2026-10-20 19:00"),
        sales_windows=(SalesWindow(Channel.ONLINE, at("2026-09-20 10:00")),),
    ),
    SaleState.CANCELLED,
    (Price("Stalls", "normal", TicketKind.NORMAL, 2_500, "EUR"),),
    4,
    120,
    618,
    refuses_orphans=True,
    admission=Admission.SLOT,
    code="HAM1",
    publication=Publication.PUBLISHED,
    published_at_ms=at("2026-09-01 10:00"),
    move_number=2,
    refund_until_ms=at("2026-10-19 10:00"),
    cancelled_at_ms=at("2026-10-19 10:00"),
    archived_at_ms=at("2026-10-21 10:00"),
    revision=9,
)


def shown(starts: Any) -> list[str]:
    assert isinstance(starts, list), starts
    return [local_text(local_of(ZONE, start.starts_at_ms)) for start in starts]


def test_r2_4_a_copy_has_all_parameters_and_neither_sale_nor_publication_nor_code() -> None:
    copy = copy_of(SOURCE, "prf_2", ZONE, at("2026-10-27 20:00"), code="HAM2")
    assert isinstance(copy, Performance)
    own = {
        "performance_id": "prf_2",
        "sale_state": SaleState.DRAFT,
        "code": "HAM2",
        "publication": Publication.DRAFT,
        "published_at_ms": 0,
        "move_number": 0,
        "refund_until_ms": 0,
        "cancelled_at_ms": 0,
        "archived_at_ms": 0,
        "revision": 1,
    }
    for field in dataclasses.fields(Performance):
        if field.name != "times":
            expected = own.get(field.name, getattr(SOURCE, field.name))
            assert getattr(copy, field.name) == expected, field.name
    assert local_text(local_of(ZONE, copy.times.doors_at_ms)) == "2026-10-27 19:30"
    assert local_text(local_of(ZONE, copy.times.ends_at_ms)) == "2026-10-27 22:45"
    assert local_text(local_of(ZONE, copy.times.sale_ends_at_ms)) == "2026-10-27 19:00"
    assert local_text(local_of(ZONE, copy.times.sales_windows[0].opens_at_ms)) == "2026-09-27 10:00"


def test_r2_4_a_weekly_series_keeps_its_time_over_the_change_of_the_clocks_and_passes_the_source_over() -> None:
    assert shown(starts_of_rule(WEEKLY, ZONE, SOURCE)) == [
        "2026-10-22 20:00",
        "2026-10-27 20:00",
        "2026-10-29 20:00",
        "2026-11-03 20:00",
    ]


def test_a_day_of_two_shows_has_them_in_their_order() -> None:
    rule = dataclasses.replace(WEEKLY, weekdays=(6,), local_times=("20:00", "15:30"))
    assert shown(starts_of_rule(rule, ZONE, SOURCE)) == [
        "2026-10-24 15:30",
        "2026-10-24 20:00",
        "2026-10-31 15:30",
        "2026-10-31 20:00",
    ]


@pytest.mark.parametrize(
    ("first", "last", "does"), [("2026-10-19", "2026-11-01", "shows twice"), ("2027-03-22", "2027-04-04", "skips")]
)
def test_a_member_on_a_time_that_daylight_saving_skips_or_doubles_is_refused_by_name(
    first: str, last: str, does: str
) -> None:
    refused = starts_of_rule(WeeklyRule((7,), ("20:00", "02:30"), first, last), ZONE, SOURCE)
    assert isinstance(refused, FieldInvalid)
    assert (refused.field, refused.others) == ("weekly.local_times[1]", ())
    assert does in refused.problem
    assert " or " in refused.limit


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"weekdays": ()}, ["weekly.weekdays"]),
        ({"weekdays": (0,)}, ["weekly.weekdays"]),
        ({"weekdays": (8,)}, ["weekly.weekdays"]),
        ({"weekdays": (1, 1)}, ["weekly.weekdays"]),
        ({"local_times": ()}, ["weekly.local_times"]),
        ({"local_times": ("20:00",) * 11}, ["weekly.local_times"]),
        (
            {"local_times": ("8 pm", "20:00", "20:00", "25:00", "20:00+01:00")},
            [f"weekly.local_times[{at}]" for at in (0, 2, 3, 4)],
        ),
        ({"first_date": "", "last_date": "2026-02-30"}, ["weekly.first_date", "weekly.last_date"]),
        ({"first_date": "1999-12-31"}, ["weekly.first_date"]),
        ({"last_date": "2026-10-19"}, ["weekly.last_date"]),
        ({"last_date": "2099-10-19"}, ["weekly.last_date"]),
    ],
)
def test_all_that_is_wrong_with_a_rule_is_told(changes: dict[str, Any], fields: list[str]) -> None:
    refusal = refused_rule(dataclasses.replace(WEEKLY, **changes))
    assert refusal is not None
    assert [violation.field for violation in refusal.violations()] == fields


def test_a_series_is_bounded_and_not_empty() -> None:
    daily = WeeklyRule((1, 2, 3, 4, 5, 6, 7), ("20:00",), "2027-01-01", "2027-07-19")
    assert len(shown(starts_of_rule(daily, ZONE, SOURCE))) == MAX_SERIES
    one_more = dataclasses.replace(daily, last_date="2027-07-20")
    assert isinstance(starts_of_rule(one_more, ZONE, SOURCE), FieldInvalid)
    only_itself = WeeklyRule((2,), ("20:00",), "2026-10-20", "2026-10-20")
    assert isinstance(starts_of_rule(only_itself, ZONE, SOURCE), FieldInvalid)


def test_a_list_of_starts_is_sorted_and_each_fault_of_it_told_by_its_place() -> None:
    wanted = [at("2026-11-03 20:00"), at("2026-11-01 15:00")]
    assert shown(starts_of_list(wanted, SOURCE)) == ["2026-11-01 15:00", "2026-11-03 20:00"]
    refused = starts_of_list([5, *wanted, wanted[0], SOURCE.starts_at_ms], SOURCE)
    assert isinstance(refused, FieldInvalid)
    assert [violation.field for violation in refused.violations()] == [
        "starts.starts_at[0]",
        "starts.starts_at[3]",
        "starts.starts_at[4]",
    ]
    assert isinstance(starts_of_list([at("2027-01-01 20:00")] * (MAX_SERIES + 1), SOURCE), FieldInvalid)


def test_members_are_all_made_or_none_and_the_refusal_names_which_does_not_fit() -> None:
    late = dataclasses.replace(SOURCE, times=dataclasses.replace(SOURCE.times, ends_at_ms=at("2026-10-21 02:30")))
    starts = starts_of_rule(dataclasses.replace(WEEKLY, weekdays=(2, 6)), ZONE, late)
    assert isinstance(starts, list)
    refused = members_of(late, ZONE, starts, [f"prf_{n}" for n in range(len(starts))], "ser_1")
    assert isinstance(refused, FieldInvalid)
    assert (refused.field, refused.others) == ("weekly", ())
    assert refused.problem.startswith("2026-10-24 20:00: ends_at is 2026-10-25 02:30")
    members = members_of(SOURCE, ZONE, starts, [f"prf_{n}" for n in range(len(starts))], "ser_1")
    assert isinstance(members, list)
    assert {member.series_id for member in members} == {"ser_1"}
    assert [member.performance_id for member in members] == [f"prf_{n}" for n in range(len(starts))]
