"""The read model `contingents`: what offices have been handed out, have sold, and have given back (R1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from balcon.inventory.v1.allotments_pb2 import AllotmentChanged, AllotmentKind
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.wire_types import instant_ms
from services.reporting.adapters.event_facts import EventMalformed, refused_place
from services.reporting.adapters.fact_tables import allotment_facts
from services.reporting.adapters.projections.facts import keep_latest
from services.reporting.adapters.projections.projection import Projection
from services.runtime.bus.topics import ALLOTMENTS
from services.runtime.outbox.event import IncomingEvent

_TYPE = AllotmentChanged.DESCRIPTOR.full_name
_KINDS = {value: name.removeprefix("ALLOTMENT_KIND_").lower() for name, value in AllotmentKind.items()}


async def apply(connection: AsyncConnection, generation: int, events: Sequence[IncomingEvent]) -> None:
    """Every step carries the allotment's counts as they are after it. Raises EventMalformed, GenerationGone."""
    rows = [_row(event) for event in events if event.type == _TYPE]
    await keep_latest(connection, generation, allotment_facts, ("version",), rows)


def _row(event: IncomingEvent) -> Mapping[str, Any]:
    try:
        changed = AllotmentChanged.FromString(event.payload)
    except DecodeError as error:
        raise EventMalformed(event_id=event.id, field="payload", problem=f"is no {event.type}") from error
    allotment, counts = changed.allotment, changed.allotment.counts
    refused_place(event, allotment.house_id, allotment.performance_id)
    if counts.handed_out != counts.open + counts.reported_sold + counts.returned:
        raise EventMalformed(event_id=event.id, field="counts", problem="do not add up to what was handed out")
    return {
        "house_id": allotment.house_id,
        "performance_id": allotment.performance_id,
        "allotment_id": allotment.allotment_id,
        "version": allotment.version,
        "office_id": allotment.office_id,
        "kind": _KINDS.get(allotment.kind, ""),
        "handed_out": counts.handed_out,
        "reported_sold": counts.reported_sold,
        "returned": counts.returned,
        "open": counts.open,
        "is_closed": allotment.HasField("closed_at"),
        "at_ms": instant_ms(changed.changed_at),
    }


CONTINGENTS: Final = Projection(name="contingents", topics=(ALLOTMENTS,), tables=(allotment_facts,), apply=apply)
