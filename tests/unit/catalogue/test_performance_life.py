"""The life of a performance: what follows what, what is refused, and what repeating does."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from services.catalogue.domain import performance_events as events
from services.catalogue.domain import performance_life as life
from services.catalogue.domain.performance import Performance, Publication, SaleState
from services.catalogue.domain.performance_life import NewDate
from services.catalogue.domain.performance_times import SalesWindow, Times
from services.catalogue.domain.refusals import (
    NotPublished,
    PerformanceArchived,
    PerformanceBegun,
    PerformanceCancelled,
    PerformanceNotOver,
    SaleEnded,
    StillOnSale,
)
from services.contracts.changes import EtagStale
from services.contracts.channels import Channel
from services.contracts.instants import instant_text
from services.runtime.errors import FieldInvalid

START_MS = 1_900_000_000_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NOW_MS = START_MS - 30 * DAY_MS
ZONE = "Europe/Rome"


def performance(times: dict[str, Any] | None = None, **changes: Any) -> Performance:
    begins = {"starts_at_ms": START_MS, "sale_ends_at_ms": START_MS} | (times or {})
    result = Performance(
        "prf_1", "hse_1", "hal_1", 1, "prd_1", "Hamlet", Times(**begins), SaleState.DRAFT, (), 10, 600, 2
    )
    return dataclasses.replace(result, **changes)


def on_sale(**changes: Any) -> Performance:
    opened = life.open_for_sale(performance(), NOW_MS - DAY_MS)
    assert isinstance(opened, events.PerformanceOpenedForSale)
    return dataclasses.replace(opened.performance, **changes)


CANCELLED = performance(sale_state=SaleState.CANCELLED, cancelled_at_ms=NOW_MS)
ARCHIVED = performance(archived_at_ms=NOW_MS)


def test_opening_a_draft_publishes_it_now() -> None:
    opened = life.open_for_sale(performance(), NOW_MS)
    assert isinstance(opened, events.PerformanceOpenedForSale)
    new = opened.performance
    assert (new.publication, new.published_at_ms, new.revision) == (Publication.PUBLISHED, NOW_MS, 2)


def test_what_is_hidden_or_published_only_after_its_online_sale_opens_is_not_put_on_sale() -> None:
    hidden = performance(publication=Publication.HIDDEN)
    assert isinstance(life.open_for_sale(hidden, NOW_MS), NotPublished)
    later = performance(publication=Publication.PUBLISHED, published_at_ms=NOW_MS + HOUR_MS)
    assert isinstance(life.open_for_sale(later, NOW_MS), NotPublished)
    assert isinstance(life.open_for_sale(later, NOW_MS + HOUR_MS), events.PerformanceOpenedForSale)
    # The online window opens with the publication: it may be opened long before.
    windows = (SalesWindow(Channel.BOX_OFFICE), SalesWindow(Channel.ONLINE, NOW_MS + HOUR_MS))
    in_time = performance(
        {"sales_windows": windows}, publication=Publication.PUBLISHED, published_at_ms=NOW_MS + HOUR_MS
    )
    assert isinstance(life.open_for_sale(in_time, NOW_MS), events.PerformanceOpenedForSale)


def test_publishing_is_for_now_or_for_later_up_to_the_start() -> None:
    for asked, since in ((0, NOW_MS), (NOW_MS + 5, NOW_MS + 5), (START_MS, START_MS)):
        published = life.publish(performance(), NOW_MS, asked)
        assert isinstance(published, events.PerformancePublished)
        assert published.performance.published_at_ms == since
        assert published.performance.publication is Publication.PUBLISHED
    for wrong in (NOW_MS - 1, START_MS + 1):
        refused = life.publish(performance(), NOW_MS, wrong)
        assert isinstance(refused, FieldInvalid)
        assert refused.field == "published_at"


def test_publishing_twice_changes_nothing_and_what_is_to_come_may_be_brought_forward() -> None:
    out = performance(publication=Publication.PUBLISHED, published_at_ms=NOW_MS - 5)
    assert life.publish(out, NOW_MS) is None
    later = performance(publication=Publication.PUBLISHED, published_at_ms=NOW_MS + 5)
    assert life.publish(later, NOW_MS, NOW_MS + 5) is None
    assert isinstance(life.publish(later, NOW_MS), events.PerformancePublished)


def test_what_has_begun_is_not_published_and_what_is_on_sale_not_taken_out_of_sight() -> None:
    assert life.publish(performance(), START_MS) == PerformanceBegun("prf_1", instant_text(START_MS))
    assert isinstance(life.publish(on_sale(), NOW_MS, NOW_MS + 5), NotPublished)
    assert life.hide(on_sale()) == StillOnSale("prf_1")


def test_hiding_twice_changes_nothing_and_a_hidden_one_is_published_again() -> None:
    hidden = life.hide(performance())
    assert isinstance(hidden, events.PerformanceHidden)
    assert life.hide(hidden.performance) is None
    assert isinstance(life.publish(hidden.performance, NOW_MS), events.PerformancePublished)


@pytest.mark.parametrize("state", [SaleState.DRAFT, SaleState.ON_SALE, SaleState.CLOSED])
def test_cancelling_closes_the_sale_for_good_and_twice_is_fine(state: SaleState) -> None:
    cancelled = life.cancel(performance(sale_state=state), NOW_MS)
    assert isinstance(cancelled, events.PerformanceCancelled)
    new = cancelled.performance
    assert (new.sale_state, new.cancelled_at_ms, new.revision) == (SaleState.CANCELLED, NOW_MS, 2)
    assert life.cancel(new, NOW_MS + 1) is None
    assert life.close_sale(new) is None
    assert life.open_for_sale(new, NOW_MS) == PerformanceCancelled("prf_1")


def test_a_cancellation_by_who_has_not_seen_it_as_it_is_is_refused() -> None:
    assert isinstance(life.cancel(performance(revision=2), NOW_MS, '"1"'), EtagStale)
    assert isinstance(life.cancel(performance(revision=2), NOW_MS, '"2"'), events.PerformanceCancelled)


@pytest.mark.parametrize(("gone", "refusal"), [(CANCELLED, PerformanceCancelled), (ARCHIVED, PerformanceArchived)])
def test_what_was_cancelled_or_archived_is_neither_opened_published_nor_moved(
    gone: Performance, refusal: type[Any]
) -> None:
    assert life.open_for_sale(gone, NOW_MS) == refusal("prf_1")
    assert life.publish(gone, NOW_MS) == refusal("prf_1")
    assert life.move(gone, ZONE, NOW_MS, NewDate(START_MS + DAY_MS)) == refusal("prf_1")


def test_r2_10_a_moved_performance_keeps_its_sale_and_all_of_its_times_follow() -> None:
    before = on_sale(
        times=Times(
            starts_at_ms=START_MS,
            doors_at_ms=START_MS - HOUR_MS,
            ends_at_ms=START_MS + 2 * HOUR_MS,
            sale_ends_at_ms=START_MS - HOUR_MS // 2,
            sales_windows=(SalesWindow(Channel.ONLINE, NOW_MS - DAY_MS, START_MS - HOUR_MS),),
        )
    )
    to = NewDate(START_MS + 2 * DAY_MS, refund_until_ms=NOW_MS + DAY_MS)
    moved = life.move(before, ZONE, NOW_MS, to)
    assert isinstance(moved, events.PerformanceMoved)
    assert moved.before == before.times
    assert moved.performance == dataclasses.replace(
        before,
        times=Times(
            starts_at_ms=START_MS + 2 * DAY_MS,
            doors_at_ms=START_MS + 2 * DAY_MS - HOUR_MS,
            ends_at_ms=START_MS + 2 * DAY_MS + 2 * HOUR_MS,
            sale_ends_at_ms=START_MS + 2 * DAY_MS - HOUR_MS // 2,
            sales_windows=(SalesWindow(Channel.ONLINE, NOW_MS - DAY_MS, START_MS + 2 * DAY_MS - HOUR_MS),),
        ),
        move_number=1,
        refund_until_ms=NOW_MS + DAY_MS,
        revision=3,
    )


def test_r2_10_each_move_has_a_number_and_no_promise_of_money_is_shortened() -> None:
    first = life.move(performance(), ZONE, NOW_MS, NewDate(START_MS + DAY_MS, START_MS))
    assert isinstance(first, events.PerformanceMoved)
    second = life.move(first.performance, ZONE, NOW_MS, NewDate(START_MS + 2 * DAY_MS, NOW_MS + 1))
    assert isinstance(second, events.PerformanceMoved)
    assert (first.performance.move_number, second.performance.move_number) == (1, 2)
    assert second.performance.refund_until_ms == START_MS


@pytest.mark.parametrize(
    ("to", "fields"),
    [
        (NewDate(START_MS), ["starts_at"]),
        (NewDate(NOW_MS), ["starts_at"]),
        (NewDate(START_MS + DAY_MS, NOW_MS), ["refund_until_at"]),
        (NewDate(START_MS + DAY_MS, START_MS + DAY_MS + 1), ["refund_until_at"]),
        (NewDate(NOW_MS - 1, NOW_MS - 1), ["starts_at", "refund_until_at"]),
    ],
)
def test_r2_10_a_move_to_the_past_or_onto_the_same_time_is_refused_with_all_faults(
    to: NewDate, fields: list[str]
) -> None:
    refused = life.move(performance(), ZONE, NOW_MS, to)
    assert isinstance(refused, FieldInvalid)
    assert [violation.field for violation in refused.violations()] == fields


def test_a_move_so_early_that_an_open_window_would_end_before_its_opening_is_refused() -> None:
    window = SalesWindow(Channel.ONLINE, NOW_MS - HOUR_MS, NOW_MS + 20 * DAY_MS)
    refused = life.move(performance({"sales_windows": (window,)}), ZONE, NOW_MS, NewDate(NOW_MS + DAY_MS))
    assert isinstance(refused, FieldInvalid)
    assert refused.field == "sales_windows[0].closes_at"


def test_what_is_over_or_was_never_on_sale_is_archived_and_nothing_else() -> None:
    draft = life.archive(performance(), NOW_MS, '"1"')
    assert isinstance(draft, events.PerformanceArchived)
    assert life.archive(draft.performance, NOW_MS, '"1"') is None
    ends_ms = START_MS + HOUR_MS
    sold = on_sale(times=Times(starts_at_ms=START_MS, ends_at_ms=ends_ms, sale_ends_at_ms=START_MS))
    assert life.archive(sold, ends_ms - 1, '"2"') == PerformanceNotOver("prf_1", instant_text(ends_ms))
    over = life.archive(sold, ends_ms, '"2"')
    assert isinstance(over, events.PerformanceArchived)
    assert over.performance.sale_state is SaleState.CLOSED
    assert isinstance(life.archive(sold, ends_ms, '"1"'), EtagStale)


def test_what_was_cancelled_is_archived_at_once_where_it_never_was_on_sale() -> None:
    assert isinstance(life.archive(CANCELLED, NOW_MS, '"1"'), events.PerformanceArchived)
    sold = life.cancel(on_sale(), NOW_MS)
    assert isinstance(sold, events.PerformanceCancelled)
    assert isinstance(life.archive(sold.performance, NOW_MS, '"3"'), PerformanceNotOver)


def test_a_sale_is_not_opened_after_the_start() -> None:
    assert isinstance(life.open_for_sale(performance(), START_MS), SaleEnded)
