"""Keeps the inventory's copy of performances true: what the catalogue's events change here."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_events_pb2 as events
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.adapters.catalogue_performances import upsert_performance
from services.runtime.bus.topics import CATALOGUE
from services.runtime.outbox.event import IncomingEvent

TOPIC = CATALOGUE
GROUP = "inventory"

# Each carries the whole performance as field 1.
_PERFORMANCE_EVENTS = {
    kind.DESCRIPTOR.full_name
    for kind in (
        events.PerformanceCreated,
        events.PerformanceOpenedForSale,
        events.PerformanceSaleClosed,
        events.PerformancePublished,
        events.PerformanceHidden,
        events.PerformanceUpdated,
        events.PerformanceMoved,
        events.PerformanceCancelled,
        events.PerformanceArchived,
    )
}
_CREATED = events.PerformanceCreated.DESCRIPTOR.full_name


async def copy_performance(connection: AsyncConnection, event: IncomingEvent) -> None:
    """Handler of the catalogue's topic. Types that tell nothing about performances are left alone."""
    if event.type not in _PERFORMANCE_EVENTS:
        return
    # What is here already was asked for later than a creation was told: a draft's event must not take it off sale.
    may_replace = event.type != _CREATED
    told = events.PerformanceCreated.FromString(event.payload).performance
    await upsert_performance(connection, told, may_replace=may_replace)
