"""Keeps the inventory's copy of performances true: what the catalogue's events change here."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_events_pb2 as events
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.adapters.catalogue_performances import upsert_performance
from services.runtime.outbox.event import IncomingEvent

TOPIC = "balcon.catalogue.v1"
GROUP = "inventory"

_PerformanceEvent = (
    type[events.PerformanceCreated] | type[events.PerformanceOpenedForSale] | type[events.PerformanceSaleClosed]
)

_PERFORMANCE_EVENTS: dict[str, _PerformanceEvent] = {
    "balcon.catalogue.v1.PerformanceCreated": events.PerformanceCreated,
    "balcon.catalogue.v1.PerformanceOpenedForSale": events.PerformanceOpenedForSale,
    "balcon.catalogue.v1.PerformanceSaleClosed": events.PerformanceSaleClosed,
}


async def copy_performance(connection: AsyncConnection, event: IncomingEvent) -> None:
    """Handler of the catalogue's topic. Types that tell nothing about performances are left alone."""
    kind = _PERFORMANCE_EVENTS.get(event.type)
    if kind is None:
        return
    # What is here already was asked for later than a creation was told: a draft's event must not take it off sale.
    may_replace = kind is not events.PerformanceCreated
    await upsert_performance(connection, kind.FromString(event.payload).performance, may_replace=may_replace)
