"""The read model `funnel`: how far visits to the shop come, each step counted once a visit and performance (R3.15).

The topic keeps a month, so there is no beginning to read from: steps count once by the visit's own id, not by numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from balcon.funnel.v1.funnel_events_pb2 import FunnelStepReached
from google.protobuf.message import DecodeError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.wire_types import instant_ms
from services.reporting.adapters.event_facts import EventMalformed
from services.reporting.adapters.fact_tables import funnel_counts, funnel_steps
from services.reporting.adapters.projections.projection import Projection, fence
from services.runtime.bus.topics import FUNNEL
from services.runtime.ids import refused_key
from services.runtime.outbox.event import IncomingEvent

_TYPE = FunnelStepReached.DESCRIPTOR.full_name
_COUNT = text(
    """WITH new AS (
           INSERT INTO funnel_steps (generation, house_id, performance_id, visit_id, step, reached_at_ms)
           SELECT CAST(:generation AS bigint), e.* FROM unnest(
               CAST(:house_ids AS text[]), CAST(:performance_ids AS text[]), CAST(:visit_ids AS text[]),
               CAST(:steps AS smallint[]), CAST(:reached AS bigint[])
           ) AS e
           ON CONFLICT DO NOTHING
           RETURNING house_id, performance_id, step
       )
       INSERT INTO funnel_counts AS c (generation, house_id, performance_id, step, visits)
       SELECT CAST(:generation AS bigint), house_id, performance_id, step, count(*) FROM new
       GROUP BY house_id, performance_id, step ORDER BY house_id, performance_id, step
       ON CONFLICT (generation, house_id, performance_id, step) DO UPDATE SET visits = c.visits + excluded.visits"""
)


async def apply(connection: AsyncConnection, generation: int, events: Sequence[IncomingEvent]) -> None:
    """Raises EventMalformed, GenerationGone."""
    await fence(connection, generation)
    rows = sorted({_row(event) for event in events if event.type == _TYPE})
    if not rows:
        return
    house_ids, performance_ids, visit_ids, steps, reached = (list(column) for column in zip(*rows, strict=True))
    parameters: dict[str, Any] = {
        "generation": generation,
        "house_ids": house_ids,
        "performance_ids": performance_ids,
        "visit_ids": visit_ids,
        "steps": steps,
        "reached": reached,
    }
    await connection.execute(_COUNT, parameters)


def _row(event: IncomingEvent) -> tuple[str, str, str, int, int]:
    try:
        reached = FunnelStepReached.FromString(event.payload)
    except DecodeError as error:
        raise EventMalformed(event_id=event.id, field="payload", problem=f"is no {event.type}") from error
    for field in ("house_id", "performance_id", "visit_id"):
        refused = refused_key(field, getattr(reached, field))
        if refused is not None:
            raise EventMalformed(event_id=event.id, field=field, problem=refused.problem)
    if reached.house_id != event.house_id:
        raise EventMalformed(event_id=event.id, field="house_id", problem="differs from the header")
    if not reached.step:
        raise EventMalformed(event_id=event.id, field="step", problem="is not set")
    at_ms = instant_ms(reached.reached_at) or event.time_ms
    return reached.house_id, reached.performance_id, reached.visit_id, int(reached.step), at_ms


FUNNEL_MODEL: Final = Projection(
    name="funnel", states=(FUNNEL,), tables=(funnel_counts, funnel_steps), apply=apply, forgets=True
)
