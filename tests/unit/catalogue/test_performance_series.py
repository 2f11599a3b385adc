"""A change carried to the later performances of a series: times by the clock on the wall, all or none."""

from __future__ import annotations

import dataclasses
from typing import Any

from services.catalogue.domain.performance import Performance, SaleState
from services.catalogue.domain.performance_events import PerformanceUpdated
from services.catalogue.domain.performance_series import CARRIED, carried
from services.catalogue.domain.performance_times import Admission
from services.catalogue.domain.production import ProductionText
from services.catalogue.domain.refusals import FixedBySale
from services.contracts.house_time import local_of, local_text
from services.runtime.errors import FieldInvalid
from tests.unit.catalogue.test_performance_copies import SOURCE, ZONE, at

NOW_MS = at("2026-10-01 12:00")
TEXTS = (ProductionText("de", subtitle="Mit Einführung"),)
MODEL = dataclasses.replace(
    SOURCE, sale_state=SaleState.DRAFT, cancelled_at_ms=0, archived_at_ms=0, texts=TEXTS, seats_per_holder=7
)


def member(performance_id: str, start: str, **changes: Any) -> Performance:
    starts_at_ms = at(start)
    times = dataclasses.replace(MODEL.times, starts_at_ms=starts_at_ms, doors_at_ms=0, ends_at_ms=starts_at_ms + 1)
    result = dataclasses.replace(
        MODEL,
        performance_id=performance_id,
        times=times,
        texts=(),
        seats_per_holder=10,
        code=performance_id.upper(),
        title="Hamlet",
        revision=3,
    )
    return dataclasses.replace(result, **changes)


EARLIER = member("e", "2026-10-13 20:00")
LATER = member("l", "2026-10-27 20:00")


def test_the_later_ones_take_the_models_values_and_keep_the_rest() -> None:
    updated = carried(MODEL, [EARLIER, MODEL, LATER], ZONE, ["texts", "seats_per_holder"], NOW_MS)
    assert isinstance(updated, list)
    (change,) = updated
    expected = dataclasses.replace(LATER, texts=TEXTS, seats_per_holder=7, revision=4)
    assert change == PerformanceUpdated(expected, ("seats_per_holder", "texts"))


def test_times_follow_to_each_start_over_the_change_of_the_clocks() -> None:
    updated = carried(MODEL, [LATER], ZONE, ["doors_at", "ends_at"], NOW_MS)
    assert isinstance(updated, list)
    times = updated[0].performance.times
    shown = [local_text(local_of(ZONE, ms)) for ms in (times.doors_at_ms, times.ends_at_ms)]
    assert shown == ["2026-10-27 19:30", "2026-10-27 22:45"]


def test_what_was_cancelled_or_archived_or_has_the_values_already_is_passed_over() -> None:
    members = [
        dataclasses.replace(LATER, sale_state=SaleState.CANCELLED),
        dataclasses.replace(LATER, archived_at_ms=1),
        dataclasses.replace(LATER, texts=TEXTS),
    ]
    assert carried(MODEL, members, ZONE, ["texts"], NOW_MS) == []


def test_one_member_that_cannot_take_them_keeps_all_from_it() -> None:
    sold = member("s", "2026-11-03 20:00", sale_state=SaleState.ON_SALE, admission=Admission.AT_START)
    assert carried(MODEL, [LATER, sold], ZONE, ["admission"], NOW_MS) == FixedBySale("s", ("admission",))
    late = dataclasses.replace(MODEL, times=dataclasses.replace(MODEL.times, ends_at_ms=at("2026-10-21 02:30")))
    refused = carried(late, [member("d", "2026-10-24 20:00"), LATER], ZONE, ["ends_at"], NOW_MS)
    assert isinstance(refused, FieldInvalid)
    assert (refused.field, refused.others) == ("ends_at", ())
    assert "of 2026-10-24T18:00:00Z is 2026-10-25 02:30, which daylight saving shows twice" in refused.problem
    # Where no times are carried, none can be in the way.
    assert isinstance(carried(late, [member("d", "2026-10-24 20:00")], ZONE, ["texts"], NOW_MS), list)


def test_another_production_brings_its_title_and_a_code_is_never_carried() -> None:
    model = dataclasses.replace(MODEL, production_id="prd_2", title="Othello")
    updated = carried(model, [LATER], ZONE, ["production_id"], NOW_MS)
    assert isinstance(updated, list)
    assert (updated[0].performance.title, updated[0].performance.code) == ("Othello", "L")
    assert "code" not in CARRIED
