"""What happens in houses is put on its way to their endpoints, in the transaction that notes the event as heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from google.protobuf.message import Message
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.webhooks.adapters.endpoint_rows import endpoint_of
from services.integrations.webhooks.adapters.endpoint_tables import endpoints, shows
from services.integrations.webhooks.adapters.event_catalogue import KINDS, about, in_json
from services.integrations.webhooks.adapters.told_rows import dispatch_of, keep_told, latest_key
from services.integrations.webhooks.domain.delivery import Notice, notice_of
from services.integrations.webhooks.domain.endpoint import DELIVERY_MS, Endpoint, EndpointState, Happened
from services.runtime.bus.topics import CATALOGUE
from services.runtime.clock import Clock
from services.runtime.outbound.port import OutboundQueue, Target
from services.runtime.outbox.application import EventFailed
from services.runtime.outbox.event import IncomingEvent

# A hall's counts change many times a second; nobody needs them oftener.
_COALESCE_MS = 1_000


@dataclass(frozen=True, slots=True)
class _Heard:
    """An event that could be read, and what it names."""

    event: IncomingEvent
    message: Message
    performance_id: str
    production_id: str


class EventIntake:
    """Batch handlers. Events of types that are not known here are passed over."""

    def __init__(self, queue: OutboundQueue, clock: Clock) -> None:
        self._queue = queue
        self._clock = clock

    async def changes(self, connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        """Each is told. Raises EventFailed for what cannot be read, or is another house's than is said."""
        wanted = await self._wanted(connection, events)
        now_ms = self._clock.now_ms()
        await keep_told(connection, [(house_id, notice) for house_id, notice, _ in wanted], now_ms)
        put = [
            dispatch_of(notice, Target(house_id, endpoint_id), now_ms, DELIVERY_MS)
            for house_id, notice, endpoint_ids in wanted
            for endpoint_id in endpoint_ids
        ]
        await self._queue.put(connection, put)

    async def states(self, connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        """Of each performance only the latest is told, once in a while: what was not sent yet is replaced."""
        latest = {event.key: event for event in events}
        wanted = await self._wanted(connection, list(latest.values()))
        now_ms = self._clock.now_ms()
        put = [
            replace(
                dispatch_of(notice, Target(house_id, endpoint_id), now_ms, DELIVERY_MS, key=latest_key(notice)),
                due_at_ms=now_ms + _COALESCE_MS,
            )
            for house_id, notice, endpoint_ids in wanted
            for endpoint_id in endpoint_ids
        ]
        await self._queue.put_latest(connection, put)

    async def _wanted(
        self, connection: AsyncConnection, events: Sequence[IncomingEvent]
    ) -> list[tuple[str, Notice, list[str]]]:
        """By house, what is told to which endpoints."""
        by_house = await _endpoints_of(connection, {event.house_id for event in events})
        heard = _heard(events, by_house)
        await _learn_shows(connection, heard)
        known = await _productions(connection, heard, by_house)
        wanted: list[tuple[str, Notice, list[str]]] = []
        for one in heard:
            event = one.event
            production_id = one.production_id or known.get((event.house_id, one.performance_id), "")
            happened = Happened(event.type, event.topic, event.time_ms, one.performance_id, production_id)
            found = [each.endpoint_id for each in by_house.get(event.house_id, ()) if each.wants(happened)]
            if found:
                wanted.append((event.house_id, _notice(one), found))
        return wanted


def _heard(events: Sequence[IncomingEvent], by_house: Mapping[str, object]) -> list[_Heard]:
    """Those of houses that have endpoints, and what the catalogue says of every house's performances."""
    found: list[_Heard] = []
    for index, event in enumerate(events):
        kind = KINDS.get(event.type)
        if kind is None or kind.topic != event.topic:
            continue
        if event.house_id not in by_house and event.topic != CATALOGUE:
            continue
        try:
            message = kind.message.FromString(event.payload)
            performance_id, production_id = about(message, event.house_id)
        except Exception as error:
            raise EventFailed(index, error) from error
        found.append(_Heard(event, message, performance_id, production_id))
    return found


def _notice(one: _Heard) -> Notice:
    event = one.event
    return notice_of(
        event.id,
        event.type,
        event.source,
        event.key,
        at_ms=event.time_ms,
        sequence=event.sequence,
        data=in_json(one.message),
    )


async def _endpoints_of(connection: AsyncConnection, house_ids: set[str]) -> Mapping[str, list[Endpoint]]:
    wanted = sa.select(endpoints).where(
        endpoints.c.house_id == sa.any_(sa.literal(sorted(house_ids), sa.ARRAY(sa.Text))),
        endpoints.c.state != EndpointState.ARCHIVED.value,
    )
    found: dict[str, list[Endpoint]] = {}
    for row in await connection.execute(wanted.order_by(endpoints.c.created_at_ms, endpoints.c.endpoint_id)):
        found.setdefault(row.house_id, []).append(endpoint_of(row))
    return found


async def _learn_shows(connection: AsyncConnection, heard: Sequence[_Heard]) -> None:
    named: dict[tuple[str, str], dict[str, Any]] = {}
    for one in heard:
        if one.production_id:
            key = (one.event.house_id, one.performance_id)
            named[key] = {"house_id": key[0], "performance_id": key[1], "production_id": one.production_id}
    if not named:
        return
    learn = insert(shows)
    is_news = shows.c.production_id != learn.excluded.production_id
    values = {"production_id": learn.excluded.production_id}
    learn = learn.on_conflict_do_update(index_elements=["house_id", "performance_id"], set_=values, where=is_news)
    # In one order, so that two members that meet on the same rows wait instead of deadlocking.
    await connection.execute(learn, [named[key] for key in sorted(named)])


async def _productions(
    connection: AsyncConnection, heard: Sequence[_Heard], by_house: Mapping[str, Sequence[Endpoint]]
) -> Mapping[tuple[str, str], str]:
    """Of the performances of houses of which an endpoint wants single productions."""
    asking = {house_id for house_id, found in by_house.items() if any(one.wishes.production_ids for one in found)}
    keys = sorted({(one.event.house_id, one.performance_id) for one in heard if one.event.house_id in asking})
    if not keys:
        return {}
    wanted = sa.select(shows).where(sa.tuple_(shows.c.house_id, shows.c.performance_id).in_(keys))
    return {(row.house_id, row.performance_id): row.production_id for row in await connection.execute(wanted)}
