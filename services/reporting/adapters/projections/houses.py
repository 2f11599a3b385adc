"""The read model `houses`: what each house says of itself, its time zone above all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from balcon.accounts.v1.accounts_events_pb2 import HouseChanged
from google.protobuf.message import DecodeError
from sqlalchemy import BigInteger, Select, Text, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.changes import revision_of
from services.reporting.adapters.event_facts import EventMalformed
from services.reporting.adapters.fact_tables import house_facts
from services.reporting.adapters.projections.facts import keep_latest
from services.reporting.adapters.projections.projection import Projection
from services.runtime.bus.topics import ACCOUNTS
from services.runtime.outbox.event import IncomingEvent

_TYPE = HouseChanged.DESCRIPTOR.full_name


async def apply(connection: AsyncConnection, generation: int, events: Sequence[IncomingEvent]) -> None:
    """Raises EventMalformed, GenerationGone."""
    rows = []
    for event in events:
        if event.type != _TYPE:
            continue
        try:
            house = HouseChanged.FromString(event.payload).house
        except DecodeError as error:
            raise EventMalformed(event_id=event.id, field="payload", problem=f"is no {event.type}") from error
        if house.house_id != event.house_id:
            raise EventMalformed(event_id=event.id, field="house_id", problem="differs from the header")
        rows.append(
            {
                "house_id": house.house_id,
                "revision": revision_of(house.etag) or 0,
                "label": house.label,
                "name": house.name,
                "time_zone": house.time_zone,
                "currency": house.currency,
                "languages": list(house.languages),
            }
        )
    await keep_latest(connection, generation, house_facts, ("revision",), rows)


def _versions(generation: int) -> Select[str, str, str, int, int]:
    return select(
        literal(ACCOUNTS, Text),
        house_facts.c.house_id,
        house_facts.c.house_id,
        literal(0, BigInteger),
        house_facts.c.revision,
    ).where(house_facts.c.generation == generation)


HOUSES: Final = Projection(name="houses", states=(ACCOUNTS,), tables=(house_facts,), apply=apply, versions=_versions)
