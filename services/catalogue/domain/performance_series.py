"""Carries what a house has changed of one performance to the later ones of its series (R2.4)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from services.catalogue.domain.performance import Performance
from services.catalogue.domain.performance_details import CHANGEABLE, details_of, update
from services.catalogue.domain.performance_events import PerformanceUpdated
from services.catalogue.domain.performance_life import ended
from services.catalogue.domain.performance_times import times_at
from services.contracts.changes import etag_of
from services.contracts.instants import instant_text
from services.runtime.errors import FieldInvalid, Refusal, refused_fields

# As many performances after the model take its values in one go.
MAX_CARRIED = 1_000
# A code is one performance's own.
CARRIED = CHANGEABLE - {"code"}
_TIMED = frozenset({"doors_at", "ends_at", "sale_ends_at", "opening_hours", "sales_windows"})


def carried(
    model: Performance, members: Sequence[Performance], zone: str, named: Collection[str], now_ms: int
) -> list[PerformanceUpdated] | Refusal:
    """The members that begin after the model with its values of what is `named`, times by the clock on the wall.

    All or none; those that were cancelled or archived are passed over, and those that have the values already.
    """
    updated: list[PerformanceUpdated] = []
    faults: list[FieldInvalid] = []
    for member in members:
        if member.starts_at_ms <= model.starts_at_ms or ended(member):
            continue
        change = _carried_to(model, member, zone, named, now_ms)
        if isinstance(change, FieldInvalid):
            faults.append(change)
        elif isinstance(change, Refusal):
            return change
        elif change is not None:
            updated.append(change)
    return refused_fields(faults) or updated


def _carried_to(
    model: Performance, member: Performance, zone: str, named: Collection[str], now_ms: int
) -> PerformanceUpdated | Refusal | None:
    wanted = details_of(model)
    if _TIMED.intersection(named):
        times = times_at(model.times, zone, member.starts_at_ms)
        if isinstance(times, list):
            at = instant_text(member.starts_at_ms)
            named_faults = [FieldInvalid(fault.field, f"of {at} {fault.problem}", fault.limit) for fault in times]
            return refused_fields(named_faults) or named_faults[0]
        wanted = dataclasses.replace(
            wanted,
            doors_at=times.doors_at_ms,
            ends_at=times.ends_at_ms,
            sale_ends_at=times.sale_ends_at_ms,
            opening_hours=(times.opens_at_ms, times.closes_at_ms),
            sales_windows=times.sales_windows,
        )
    change = update(member, wanted, named, etag_of(member.revision), now_ms)
    if isinstance(change, PerformanceUpdated):
        # The model has the title of its production.
        title = model.title if "production_id" in named else member.title
        return dataclasses.replace(change, performance=dataclasses.replace(change.performance, title=title))
    return change
