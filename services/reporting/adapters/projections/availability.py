"""The read model `availability`: how many seats are in each state, as their owner counted them last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from balcon.inventory.v1.inventory_events_pb2 import AvailabilityChanged
from sqlalchemy import Select, Text, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.adapters.event_facts import fact_of
from services.reporting.adapters.fact_tables import seat_counts
from services.reporting.adapters.projections.facts import keep_latest
from services.reporting.adapters.projections.projection import Projection
from services.reporting.domain.facts import SeatsCounted
from services.runtime.bus.topics import AVAILABILITY
from services.runtime.outbox.event import IncomingEvent

_TYPE = AvailabilityChanged.DESCRIPTOR.full_name


async def apply(connection: AsyncConnection, generation: int, events: Sequence[IncomingEvent]) -> None:
    """Raises EventMalformed, GenerationGone."""
    rows = []
    for event in events:
        if event.type != _TYPE:
            continue
        counted = fact_of(event)
        assert isinstance(counted, SeatsCounted), "counts are read as counts"
        rows.append({name: getattr(counted, name) for name in _COLUMNS})
    await keep_latest(connection, generation, seat_counts, ("epoch", "version"), rows)


_COLUMNS = tuple(column.name for column in seat_counts.c if column.name != "generation")


def _versions(generation: int) -> Select[str, str, str, int, int]:
    return select(
        literal(AVAILABILITY, Text),
        seat_counts.c.performance_id,
        seat_counts.c.house_id,
        seat_counts.c.epoch,
        seat_counts.c.version,
    ).where(seat_counts.c.generation == generation)


AVAILABILITY_MODEL: Final = Projection(
    name="availability", states=(AVAILABILITY,), tables=(seat_counts,), apply=apply, versions=_versions
)
