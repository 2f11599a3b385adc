"""The life of a performance: published, on sale, closed, moved to another date, cancelled, archived.

What is on sale online is published by the time that its online sale opens. Each function decides one change.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from services.catalogue.domain.performance import Performance, Publication, SaleState
from services.catalogue.domain.performance_events import (
    PerformanceArchived,
    PerformanceCancelled,
    PerformanceHidden,
    PerformanceMoved,
    PerformanceOpenedForSale,
    PerformancePublished,
    PerformanceSaleClosed,
)
from services.catalogue.domain.performance_times import faults_of_times, online_opens_at_ms, times_at
from services.catalogue.domain.refusals import (
    NotPublished,
    PerformanceBegun,
    PerformanceNotOver,
    SaleEnded,
    SaleNotOpened,
    StillOnSale,
)
from services.catalogue.domain.refusals import PerformanceArchived as InArchive
from services.catalogue.domain.refusals import PerformanceCancelled as CalledOff
from services.contracts.changes import EtagStale, refused_etag
from services.contracts.instants import instant_text
from services.runtime.errors import FieldInvalid, refused_fields


@dataclass(frozen=True, slots=True)
class NewDate:
    """Where a performance is moved to; until when who cannot come then may ask for the money, 0: nobody may."""

    starts_at_ms: int
    refund_until_ms: int = 0


# Why nothing may be changed any more.
Ended = CalledOff | InArchive


def ended(performance: Performance) -> Ended | None:
    """The refusal for a performance that was cancelled or archived, else None."""
    if performance.archived_at_ms:
        return InArchive(performance.performance_id)
    return CalledOff(performance.performance_id) if performance.sale_state is SaleState.CANCELLED else None


def stale(performance: Performance, etag: str) -> EtagStale | None:
    """The refusal where the caller has not seen the performance as it is, else None. "" has seen what there is."""
    return refused_etag("performance", etag, performance.revision) if etag else None


def changed(performance: Performance, **changes: Any) -> Performance:
    """The performance in its next revision."""
    return dataclasses.replace(performance, **changes, revision=performance.revision + 1)


def sells_unseen(performance: Performance, now_ms: int) -> bool:
    """Whether its online sale is, or will be, open before the public is shown it."""
    return performance.published_at_ms > max(now_ms, online_opens_at_ms(performance.times))


def open_for_sale(
    performance: Performance, now_ms: int
) -> PerformanceOpenedForSale | Ended | SaleEnded | NotPublished | None:
    """From draft, or again after a close; publishes a draft. None: it is on sale already, and opening twice is fine.

    After the end of the online sale there is still the box office, until the performance begins.
    """
    if refusal := ended(performance):
        return refusal
    if performance.sale_state is SaleState.ON_SALE:
        return None
    if max(performance.starts_at_ms, performance.sale_ends_at_ms) <= now_ms:
        began, closed = instant_text(performance.starts_at_ms), instant_text(performance.sale_ends_at_ms)
        return SaleEnded(performance.performance_id, began, closed)
    published_at_ms = performance.published_at_ms
    if performance.publication is Publication.DRAFT:
        published_at_ms = now_ms
    elif performance.publication is Publication.HIDDEN or sells_unseen(performance, now_ms):
        return NotPublished(performance.performance_id, published_text(performance))
    return PerformanceOpenedForSale(
        changed(
            performance,
            sale_state=SaleState.ON_SALE,
            publication=Publication.PUBLISHED,
            published_at_ms=published_at_ms,
        )
    )


def published_text(performance: Performance) -> str:
    """Whether it is published, in words that follow its id."""
    is_hidden = performance.publication is Publication.HIDDEN
    return "is hidden" if is_hidden else f"is published at {instant_text(performance.published_at_ms)}"


def close_sale(performance: Performance) -> PerformanceSaleClosed | SaleNotOpened | None:
    """Only of what was opened. None: it is closed already, and closing twice is fine."""
    match performance.sale_state:
        case SaleState.DRAFT:
            return SaleNotOpened(performance.performance_id)
        case SaleState.CLOSED | SaleState.CANCELLED:
            return None
        case SaleState.ON_SALE:
            return PerformanceSaleClosed(changed(performance, sale_state=SaleState.CLOSED))


def publish(
    performance: Performance, now_ms: int, at_ms: int = 0
) -> PerformancePublished | Ended | PerformanceBegun | NotPublished | FieldInvalid | None:
    """Shows it to the public from `at_ms` on, 0: from now. None: it is published so, and asking twice is fine."""
    if refusal := ended(performance):
        return refusal
    if performance.starts_at_ms <= now_ms:
        return PerformanceBegun(performance.performance_id, instant_text(performance.starts_at_ms))
    if performance.publication is Publication.PUBLISHED:
        is_out = performance.published_at_ms <= now_ms
        if at_ms == performance.published_at_ms or (is_out and not at_ms):
            return None
    limit = f"{instant_text(now_ms)} to {instant_text(performance.starts_at_ms)}"
    if at_ms and not now_ms <= at_ms <= performance.starts_at_ms:
        return FieldInvalid("published_at", f"is {instant_text(at_ms)}", limit)
    new = changed(performance, publication=Publication.PUBLISHED, published_at_ms=at_ms or now_ms)
    if new.sale_state is SaleState.ON_SALE and sells_unseen(new, now_ms):
        return NotPublished(new.performance_id, f"would be published at {instant_text(at_ms)}")
    return PerformancePublished(new)


def hide(performance: Performance) -> PerformanceHidden | InArchive | StillOnSale | None:
    """Takes it out of the public's sight. None: it is hidden already."""
    if performance.archived_at_ms:
        return InArchive(performance.performance_id)
    if performance.publication is Publication.HIDDEN:
        return None
    if performance.sale_state is SaleState.ON_SALE:
        return StillOnSale(performance.performance_id)
    return PerformanceHidden(changed(performance, publication=Publication.HIDDEN))


def cancel(
    performance: Performance, now_ms: int, etag: str = ""
) -> PerformanceCancelled | InArchive | EtagStale | None:
    """For good: its sale closes with it. None: it is cancelled already. Money is not its business."""
    if performance.sale_state is SaleState.CANCELLED:
        return None
    if performance.archived_at_ms:
        return InArchive(performance.performance_id)
    if refusal := stale(performance, etag):
        return refusal
    return PerformanceCancelled(changed(performance, sale_state=SaleState.CANCELLED, cancelled_at_ms=now_ms))


def move(performance: Performance, zone: str, now_ms: int, to: NewDate) -> PerformanceMoved | Ended | FieldInvalid:
    """R2.10: to a new start, tickets kept; all that belongs to the old one follows by the clock on the house's wall.

    A sales window that has opened stays open, its end follows. Who was promised their money until a later date by a
    move before keeps that promise.
    """
    if refusal := ended(performance):
        return refusal
    if refused := refused_fields(_faults_of_date(performance, now_ms, to)):
        return refused
    times = times_at(performance.times, zone, to.starts_at_ms, opened_by_ms=now_ms)
    if isinstance(times, list):
        return refused_fields(times) or times[0]
    new = changed(
        performance,
        times=times,
        move_number=performance.move_number + 1,
        refund_until_ms=max(to.refund_until_ms, performance.refund_until_ms),
    )
    return refused_fields(faults_of_times(new)) or PerformanceMoved(new, performance.times)


def _faults_of_date(performance: Performance, now_ms: int, to: NewDate) -> Iterator[FieldInvalid]:
    if to.starts_at_ms == performance.starts_at_ms:
        yield FieldInvalid("starts_at", "is when it begins already", "another start")
    elif to.starts_at_ms <= now_ms:
        yield FieldInvalid("starts_at", "is in the past", f"after {instant_text(now_ms)}")
    if to.refund_until_ms and not now_ms < to.refund_until_ms <= to.starts_at_ms:
        limit = f"after {instant_text(now_ms)}, up to the new start, {instant_text(to.starts_at_ms)}"
        yield FieldInvalid("refund_until_at", f"is {instant_text(to.refund_until_ms)}", limit)


def archive(
    performance: Performance, now_ms: int, etag: str
) -> PerformanceArchived | EtagStale | PerformanceNotOver | None:
    """Puts away what is over or was never on sale. None: it is already."""
    if performance.archived_at_ms:
        return None
    if refusal := stale(performance, etag):
        return refusal
    # Opening publishes: what never was published was never on sale, cancelled or not.
    was_on_sale = performance.sale_state is not SaleState.DRAFT and performance.published_at_ms
    if was_on_sale and performance.over_at_ms > now_ms:
        return PerformanceNotOver(performance.performance_id, instant_text(performance.over_at_ms))
    state = SaleState.CLOSED if performance.sale_state is SaleState.ON_SALE else performance.sale_state
    return PerformanceArchived(changed(performance, sale_state=state, archived_at_ms=now_ms))
