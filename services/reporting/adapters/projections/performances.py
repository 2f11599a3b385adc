"""The read model `performances`: what the catalogue says of each performance, of two words the later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from balcon.catalogue.v1.catalogue_events_pb2 import PerformanceCreated
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.wire_types import instant_ms
from services.reporting.adapters.event_facts import DESCRIBES, EventMalformed, refused_place
from services.reporting.adapters.fact_tables import performance_facts
from services.reporting.adapters.projections.facts import keep_latest
from services.reporting.adapters.projections.projection import Projection
from services.runtime.bus.topics import CATALOGUE
from services.runtime.outbox.event import IncomingEvent


async def apply(connection: AsyncConnection, generation: int, events: Sequence[IncomingEvent]) -> None:
    """Events of other types on the topic change nothing. Raises EventMalformed, GenerationGone."""
    rows = [_row(event) for event in events if event.type in DESCRIBES]
    await keep_latest(connection, generation, performance_facts, ("sequence",), rows)


def _row(event: IncomingEvent) -> Mapping[str, Any]:
    try:
        # The events of a performance all carry the whole performance as field 1.
        performance = PerformanceCreated.FromString(event.payload).performance
    except DecodeError as error:
        raise EventMalformed(event_id=event.id, field="payload", problem=f"is no {event.type}") from error
    refused_place(event, performance.house_id, performance.performance_id)
    currencies = {price.amount.currency for price in performance.prices}
    if len(currencies) > 1:
        raise EventMalformed(event_id=event.id, field="prices", problem="more than one currency")
    return {
        "house_id": performance.house_id,
        "performance_id": performance.performance_id,
        "sequence": event.sequence,
        "production_id": performance.production_id,
        "title": performance.title,
        "hall_id": performance.hall_id,
        "starts_at_ms": instant_ms(performance.starts_at),
        "capacity": performance.capacity,
        "currency": currencies.pop() if currencies else "",
        "is_cancelled": performance.HasField("cancelled_at"),
        "at_ms": event.time_ms,
    }


PERFORMANCES: Final = Projection(name="performances", topics=(CATALOGUE,), tables=(performance_facts,), apply=apply)
