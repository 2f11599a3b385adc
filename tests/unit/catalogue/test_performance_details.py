"""What may change of a performance and when; what changes nothing; texts of its own."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from services.catalogue.domain import performance_details as details
from services.catalogue.domain.performance import Publication, SaleState
from services.catalogue.domain.performance_events import PerformanceUpdated
from services.catalogue.domain.performance_filter import PerformanceFilter, refused_filter
from services.catalogue.domain.performance_texts import MAX_OWN_DESCRIPTION_CHARS, faults_of_own_texts, parts_of
from services.catalogue.domain.performance_times import Admission, SalesWindow
from services.catalogue.domain.production import MAX_TRANSLATIONS, ProductionText
from services.catalogue.domain.refusals import (
    FixedBySale,
    NotPublished,
    PerformanceArchived,
    PerformanceCancelled,
)
from services.contracts.changes import EtagStale
from services.contracts.channels import Channel
from services.runtime.errors import FieldInvalid, refused_fields
from tests.unit.catalogue.test_performance_life import (
    ARCHIVED,
    CANCELLED,
    DAY_MS,
    HOUR_MS,
    NOW_MS,
    START_MS,
    on_sale,
    performance,
)


def wanted(**changes: Any) -> details.PerformanceDetails:
    return dataclasses.replace(details.PerformanceDetails("prd_1"), **changes)


def updated(before: Any, etag: str = '"1"', **changes: Any) -> Any:
    return details.update(before, wanted(**changes), list(changes), etag, NOW_MS)


ALL = wanted(
    production_id="prd_2",
    doors_at=START_MS - HOUR_MS,
    ends_at=START_MS + HOUR_MS,
    sale_ends_at=START_MS - 1,
    admission=Admission.DAY,
    opening_hours=(START_MS, START_MS + HOUR_MS),
    sales_windows=(SalesWindow(Channel.ONLINE, NOW_MS),),
    code="B2",
    texts=(ProductionText("nl", subtitle="Met gebarentolk"),),
    seats_per_holder=3,
    hold_ttl_seconds=60,
    refuses_orphans=True,
)


def test_before_its_sale_all_but_its_date_may_change() -> None:
    event = details.update(performance(), ALL, details.CHANGEABLE, '"1"', NOW_MS)
    assert isinstance(event, PerformanceUpdated)
    assert details.details_of(event.performance) == ALL
    assert event.performance.starts_at_ms == START_MS
    assert event.performance.revision == 2
    assert event.fields == tuple(sorted(details.CHANGEABLE))


def test_what_is_not_named_stays_and_what_is_not_set_takes_its_default() -> None:
    before = performance(seats_per_holder=3, code="A1")
    event = updated(before, seats_per_holder=0, sale_ends_at=0)
    assert isinstance(event, PerformanceUpdated)
    new = event.performance
    assert (new.seats_per_holder, new.sale_ends_at_ms, new.code) == (10, START_MS, "A1")


def test_a_change_that_is_there_already_changes_nothing_whatever_its_etag() -> None:
    assert updated(performance(code="A1"), etag='"7"', code="A1") is None
    assert isinstance(updated(performance(code="A1"), etag='"7"', code="A2"), EtagStale)


def test_on_sale_neither_production_nor_admission_changes_and_the_rest_does() -> None:
    refused = updated(on_sale(), etag='"2"', production_id="prd_2", admission=Admission.DAY, code="A2")
    assert refused == FixedBySale("prf_1", ("admission", "production_id"))
    closed = on_sale(sale_state=SaleState.CLOSED)
    assert isinstance(updated(closed, etag='"2"', production_id="prd_2"), FixedBySale)
    same = updated(on_sale(), etag='"2"', production_id="prd_1", code="A2", doors_at=START_MS - HOUR_MS)
    assert isinstance(same, PerformanceUpdated)


def test_the_online_window_of_what_is_on_sale_opens_no_earlier_than_it_is_published() -> None:
    later = on_sale(publication=Publication.PUBLISHED, published_at_ms=NOW_MS + DAY_MS)
    early = (SalesWindow(Channel.ONLINE, NOW_MS + HOUR_MS),)
    assert isinstance(updated(later, etag='"2"', sales_windows=early), NotPublished)
    late = (SalesWindow(Channel.ONLINE, NOW_MS + DAY_MS),)
    assert isinstance(updated(later, etag='"2"', sales_windows=late), PerformanceUpdated)


def test_what_was_cancelled_or_archived_does_not_change() -> None:
    assert updated(CANCELLED, code="A2") == PerformanceCancelled("prf_1")
    assert updated(ARCHIVED, code="A2") == PerformanceArchived("prf_1")


def test_an_update_is_compared_with_what_is_there_all_of_it() -> None:
    refused = updated(performance(), doors_at=START_MS + 1, ends_at=START_MS, admission=Admission.DAY)
    assert isinstance(refused, FieldInvalid)
    assert [violation.field for violation in refused.violations()] == [
        "performance.doors_at",
        "performance.ends_at",
        "performance.opening_hours",
    ]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"production_id": ""}, ["production_id"]),
        ({"doors_at": 5, "ends_at": 5, "sale_ends_at": 5}, ["doors_at", "ends_at", "sale_ends_at"]),
        ({"admission": None}, ["admission"]),
        ({"opening_hours": (START_MS, 0)}, ["opening_hours.closes_at"]),
        ({"sales_windows": (SalesWindow(None),)}, ["sales_windows[0].channel"]),
        (
            {"code": "two words", "seats_per_holder": 101, "hold_ttl_seconds": 9_999},
            ["seats_per_holder", "hold_ttl_seconds", "code"],
        ),
        ({"texts": (ProductionText("xx-"),)}, ["texts[0].language"]),
    ],
)
def test_what_is_wrong_by_itself_is_told_before_the_performance_is_read(
    changes: dict[str, Any], fields: list[str]
) -> None:
    refused = details.refused_by_themselves(wanted(**changes), list(changes))
    assert refused is not None
    assert [violation.field for violation in refused.violations()] == [f"performance.{field}" for field in fields]
    assert details.refused_by_themselves(wanted(**changes), ["refuses_orphans"]) is None


def test_texts_of_its_own_are_bounded_and_each_language_is_there_once() -> None:
    def told(*texts: ProductionText) -> list[str]:
        refusal = refused_fields(faults_of_own_texts(texts))
        return [violation.field for violation in refusal.violations()] if refusal else []

    assert told(ProductionText("nl", description="x" * MAX_OWN_DESCRIPTION_CHARS), ProductionText("de")) == []
    assert told(ProductionText("nl"), ProductionText("nl")) == ["texts[1].language"]
    assert told(ProductionText("nl", description="x" * (MAX_OWN_DESCRIPTION_CHARS + 1))) == ["texts[0].description"]
    assert told(ProductionText("nl", title="x" * 201, subtitle="\n")) == ["texts[0].title", "texts[0].subtitle"]
    assert told(*(ProductionText("nl"),) * (MAX_TRANSLATIONS + 1)) == ["texts"]


def test_long_texts_take_their_room_of_a_page() -> None:
    assert parts_of([]) == 0
    assert parts_of([ProductionText("nl", title="x")]) == 1
    assert parts_of([ProductionText("nl", description="x" * 2_000)] * 20) == 45


def test_all_that_is_wrong_with_a_lists_filters_is_told() -> None:
    assert refused_filter(PerformanceFilter()) is None
    asked = PerformanceFilter(
        starts_from_ms=START_MS,
        starts_until_ms=START_MS,
        shown_at_ms=5,
        production_id="?",
        hall_id="?",
        series_id="?",
        code="?",
        text="x" * 201,
        sale_states=(SaleState.DRAFT, None),
        publications=(None,) * 4,
    )
    refused = refused_filter(asked)
    assert refused is not None
    assert [violation.field for violation in refused.violations()] == [
        "shown_at",
        "starts_until_at",
        "production_id",
        "hall_id",
        "series_id",
        "code",
        "text",
        "sale_states[1]",
        "publications",
    ]
