"""What a house may change of a performance, named as on the wire, and until when (R2.3). Its date only moves.

Before its sale everything here; once it was on sale nothing that a ticket says: not the production, not the admission.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from services.catalogue.domain.performance import (
    DEFAULT_HOLD_TTL_SECONDS,
    DEFAULT_SEATS_PER_HOLDER,
    Performance,
    SaleState,
    faults_of_limits,
    refused_code,
)
from services.catalogue.domain.performance_events import PerformanceUpdated
from services.catalogue.domain.performance_life import Ended, changed, ended, published_text, sells_unseen
from services.catalogue.domain.performance_texts import faults_of_own_texts
from services.catalogue.domain.performance_times import (
    Admission,
    SalesWindow,
    Times,
    faults_beside_each_other,
    faults_of_each,
)
from services.catalogue.domain.production import Production, ProductionText
from services.catalogue.domain.refusals import FixedBySale, NotPublished
from services.catalogue.domain.vat import refused_customer_limit, refused_instrument_limit
from services.contracts.changes import EtagStale, masked, refused_etag
from services.runtime.errors import FieldInvalid, refused_fields
from services.runtime.ids import refused_key

WITHIN = "performance."
# What tickets say.
_FIXED_BY_SALE = ("admission", "production_id")


@dataclass(frozen=True, slots=True)
class PerformanceDetails:
    """As on the wire: instants in unix milliseconds, 0 is not said; numbers that are 0 take their default."""

    production_id: str
    doors_at: int = 0
    ends_at: int = 0
    sale_ends_at: int = 0
    admission: Admission | None = Admission.AT_START
    opening_hours: tuple[int, int] = (0, 0)
    sales_windows: tuple[SalesWindow, ...] = ()
    code: str = ""
    texts: tuple[ProductionText, ...] = ()
    seats_per_holder: int = 0
    hold_ttl_seconds: int = 0
    refuses_orphans: bool = False
    seats_per_customer: int = 0
    seats_per_instrument: int = 0


CHANGEABLE = frozenset(field.name for field in dataclasses.fields(PerformanceDetails))
# An update's values are looked at by themselves before there is a performance to put them into.
_NAMELESS = PerformanceDetails("prd")


def details_of(performance: Performance) -> PerformanceDetails:
    """What may be changed of it, as it is."""
    times = performance.times
    return PerformanceDetails(
        production_id=performance.production_id,
        doors_at=times.doors_at_ms,
        ends_at=times.ends_at_ms,
        sale_ends_at=times.sale_ends_at_ms,
        admission=performance.admission,
        opening_hours=(times.opens_at_ms, times.closes_at_ms),
        sales_windows=times.sales_windows,
        code=performance.code,
        texts=performance.texts,
        seats_per_holder=performance.seats_per_holder,
        hold_ttl_seconds=performance.hold_ttl_seconds,
        refuses_orphans=performance.refuses_orphans,
        seats_per_customer=performance.seats_per_customer,
        seats_per_instrument=performance.seats_per_instrument,
    )


def refused_by_themselves(wanted: PerformanceDetails, named: Collection[str]) -> FieldInvalid | None:
    """All that is wrong with what an update names, whatever the performance is like; else None."""
    details = masked(_NAMELESS, wanted, CHANGEABLE.intersection(named))
    return refused_fields(
        (
            refused_key(f"{WITHIN}production_id", details.production_id),
            *faults_of_each(_times(details, 0), WITHIN),
            *faults_of_limits(details.seats_per_holder, details.hold_ttl_seconds, WITHIN),
            refused_customer_limit(details.seats_per_customer, WITHIN),
            refused_instrument_limit(details.seats_per_instrument, WITHIN),
            refused_code(details.code, WITHIN),
            *faults_of_own_texts(details.texts, WITHIN),
            *_unknown_admission(details),
        )
    )


def _unknown_admission(details: PerformanceDetails) -> Iterator[FieldInvalid]:
    if details.admission is None:
        yield FieldInvalid(f"{WITHIN}admission", "is not known", ", ".join(each.name for each in Admission))


def _times(details: PerformanceDetails, starts_at_ms: int) -> Times:
    return Times(
        starts_at_ms=starts_at_ms,
        doors_at_ms=details.doors_at,
        ends_at_ms=details.ends_at,
        opens_at_ms=details.opening_hours[0],
        closes_at_ms=details.opening_hours[1],
        sale_ends_at_ms=details.sale_ends_at or starts_at_ms,
        sales_windows=details.sales_windows,
    )


def update(
    performance: Performance, wanted: PerformanceDetails, named: Collection[str], etag: str, now_ms: int
) -> PerformanceUpdated | Ended | EtagStale | FixedBySale | NotPublished | FieldInvalid | None:
    """With what is `named` as wanted, which has passed refused_by_themselves. None: it is so already."""
    if refusal := ended(performance):
        return refusal
    before = details_of(performance)
    details = masked(before, wanted, named)
    new = _with(performance, details)
    if details_of(new) == before:
        return None
    if stale := refused_etag("performance", etag, performance.revision):
        return stale
    if fixed := _fixed(performance, before, details):
        return fixed
    if faults := refused_fields(faults_beside_each_other(new, WITHIN)):
        return faults
    if new.sale_state is SaleState.ON_SALE and sells_unseen(new, now_ms):
        return NotPublished(new.performance_id, published_text(new))
    return PerformanceUpdated(new, tuple(sorted(set(named))))


def _fixed(performance: Performance, before: PerformanceDetails, after: PerformanceDetails) -> FixedBySale | None:
    if performance.sale_state is SaleState.DRAFT:
        return None
    fields = tuple(name for name in _FIXED_BY_SALE if getattr(before, name) != getattr(after, name))
    return FixedBySale(performance.performance_id, fields) if fields else None


def _with(performance: Performance, details: PerformanceDetails) -> Performance:
    assert details.admission is not None, "refused_by_themselves lets none through"
    return changed(
        performance,
        production_id=details.production_id,
        times=_times(details, performance.starts_at_ms),
        admission=details.admission,
        code=details.code,
        texts=details.texts,
        seats_per_holder=details.seats_per_holder or DEFAULT_SEATS_PER_HOLDER,
        hold_ttl_seconds=details.hold_ttl_seconds or DEFAULT_HOLD_TTL_SECONDS,
        refuses_orphans=details.refuses_orphans,
        seats_per_customer=details.seats_per_customer,
        seats_per_instrument=details.seats_per_instrument,
    )


def shown_as(updated: PerformanceUpdated, production: Production) -> PerformanceUpdated:
    """With the title of the production that it is of now."""
    return dataclasses.replace(updated, performance=dataclasses.replace(updated.performance, title=production.title))
