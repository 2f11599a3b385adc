"""Times of a performance: all that is wrong with them at once, and how they follow a new start by the wall clock."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from services.catalogue.domain.performance_times import (
    Admission,
    SalesWindow,
    Times,
    faults_of_times,
    times_at,
)
from services.contracts.channels import Channel
from services.contracts.house_time import refused_or_instant
from services.runtime.errors import refused_fields

BERLIN = "Europe/Berlin"


def at(text: str) -> int:
    found = refused_or_instant("starts_at", BERLIN, text)
    assert isinstance(found, int), found
    return found


EVENING = Times(
    starts_at_ms=at("2026-10-20 20:00"),
    doors_at_ms=at("2026-10-20 19:30"),
    ends_at_ms=at("2026-10-20 22:30"),
    sale_ends_at_ms=at("2026-10-20 20:00"),
    sales_windows=(
        SalesWindow(Channel.ONLINE, at("2026-09-01 10:00"), at("2026-10-20 18:00")),
        SalesWindow(Channel.BOX_OFFICE, at("2026-09-08 11:00")),
    ),
)


@dataclasses.dataclass(frozen=True)
class Asked:
    times: Times
    admission: Admission | None = Admission.AT_START


def told(admission: Admission | None = Admission.AT_START, **changes: Any) -> list[str]:
    refusal = refused_fields(faults_of_times(Asked(dataclasses.replace(EVENING, **changes), admission)))
    return [violation.field for violation in refusal.violations()] if refusal else []


def test_an_evening_with_doors_end_and_windows_is_taken() -> None:
    assert told() == []
    assert told(doors_at_ms=EVENING.starts_at_ms) == []


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"starts_at_ms": 0}, ["starts_at"]),
        ({"starts_at_ms": 5}, ["starts_at"]),
        ({"doors_at_ms": EVENING.starts_at_ms + 1}, ["doors_at"]),
        ({"ends_at_ms": EVENING.starts_at_ms}, ["ends_at"]),
        ({"ends_at_ms": 5}, ["ends_at", "ends_at"]),
        ({"doors_at_ms": EVENING.ends_at_ms, "ends_at_ms": EVENING.doors_at_ms}, ["doors_at", "ends_at"]),
        ({"sale_ends_at_ms": 5}, ["sale_ends_at"]),
        ({"opens_at_ms": EVENING.starts_at_ms}, ["opening_hours.closes_at", "opening_hours"]),
        ({"admission": None}, ["admission"]),
        ({"admission": Admission.SLOT, "ends_at_ms": 0}, ["ends_at"]),
        ({"admission": Admission.DAY}, ["opening_hours"]),
        (
            {"admission": Admission.DAY, "opens_at_ms": EVENING.ends_at_ms, "closes_at_ms": EVENING.starts_at_ms},
            ["opening_hours.closes_at"],
        ),
        ({"sales_windows": (SalesWindow(None),)}, ["sales_windows[0].channel"]),
        ({"sales_windows": (SalesWindow(Channel.ONLINE),) * 2}, ["sales_windows[1].channel"]),
        ({"sales_windows": (SalesWindow(Channel.ONLINE),) * 4}, ["sales_windows"]),
        (
            {"sales_windows": (SalesWindow(Channel.ONLINE, EVENING.starts_at_ms, EVENING.starts_at_ms),)},
            ["sales_windows[0].closes_at"],
        ),
        ({"sales_windows": (SalesWindow(Channel.ONLINE, 5),)}, ["sales_windows[0].opens_at"]),
    ],
)
def test_what_is_wrong_is_told_by_its_field(changes: dict[str, Any], fields: list[str]) -> None:
    assert told(**changes) == fields


def test_a_day_with_hours_and_a_slot_with_its_end_are_taken() -> None:
    assert told(Admission.SLOT) == []
    assert told(Admission.DAY, opens_at_ms=EVENING.doors_at_ms, closes_at_ms=EVENING.ends_at_ms) == []


def test_r2_4_doors_end_and_windows_shift_along_and_keep_the_time_on_the_wall_over_the_change_of_the_clocks() -> None:
    assert times_at(EVENING, BERLIN, at("2026-10-27 20:00")) == Times(
        starts_at_ms=at("2026-10-27 20:00"),
        doors_at_ms=at("2026-10-27 19:30"),
        ends_at_ms=at("2026-10-27 22:30"),
        sale_ends_at_ms=at("2026-10-27 20:00"),
        sales_windows=(
            SalesWindow(Channel.ONLINE, at("2026-09-08 10:00"), at("2026-10-27 18:00")),
            SalesWindow(Channel.BOX_OFFICE, at("2026-09-15 11:00")),
        ),
    )


def test_r2_4_what_was_not_said_is_not_said_of_the_copy() -> None:
    bare = Times(starts_at_ms=at("2026-10-20 20:00"), sale_ends_at_ms=at("2026-10-20 20:00"))
    start = at("2027-01-01 20:00")
    assert times_at(bare, BERLIN, start) == Times(starts_at_ms=start, sale_ends_at_ms=start)


def test_what_would_follow_to_a_skipped_or_doubled_time_is_refused_by_its_name() -> None:
    late = dataclasses.replace(
        EVENING,
        ends_at_ms=at("2026-10-21 02:30"),
        sales_windows=(SalesWindow(Channel.ONLINE, at("2026-09-01 10:00"), at("2026-10-21 02:15")),),
    )
    for start, does in (("2026-10-24 20:00", "twice"), ("2027-03-27 20:00", "skips")):
        faults = times_at(late, BERLIN, at(start))
        assert isinstance(faults, list)
        assert {fault.field for fault in faults} == {"ends_at", "sales_windows[0].closes_at"}
        assert all(does in fault.problem and " or " in fault.limit for fault in faults)


def test_a_window_that_has_opened_stays_open_and_its_end_follows() -> None:
    moved = times_at(EVENING, BERLIN, at("2026-11-20 20:00"), opened_by_ms=at("2026-09-05 12:00"))
    assert isinstance(moved, Times)
    online, box_office = moved.sales_windows
    assert (online.opens_at_ms, online.closes_at_ms) == (at("2026-09-01 10:00"), at("2026-11-20 18:00"))
    assert box_office.opens_at_ms == at("2026-10-09 11:00")
