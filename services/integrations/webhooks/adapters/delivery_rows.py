"""The delivery log in PostgreSQL: the outbound base's rows of one house, and what is put on its way again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import AskedPage
from services.integrations.webhooks.adapters.endpoint_tables import told_events
from services.integrations.webhooks.adapters.metadata import outbound_dispatch as dispatches
from services.integrations.webhooks.adapters.told_rows import LATEST_PREFIX, dispatch_of, keep_told, told_notice
from services.integrations.webhooks.domain.delivery import Notice
from services.integrations.webhooks.ports.deliveries import Delivery, DeliveryState, DeliveryTry, Window
from services.runtime.outbound.port import OutboundQueue, Settled, Target

MAX_TRIES_TOLD = 20
_TRIES = sa.text(
    """SELECT told.about, tried.at_ms, tried.status, tried.took_ms, tried.answer
       FROM unnest(CAST(:abouts AS text[])) AS told (about)
       CROSS JOIN LATERAL (
           SELECT exchange_id, at_ms, status, took_ms, answer FROM outbound_exchange
           WHERE house_id = :house_id AND target_id = :target_id AND about = told.about
           ORDER BY at_ms DESC, exchange_id DESC LIMIT :most
       ) AS tried
       ORDER BY tried.at_ms DESC, tried.exchange_id DESC"""
)


class DeliveryRows:
    """See Deliveries."""

    def __init__(self, connection: AsyncConnection, house_id: str, queue: OutboundQueue, now_ms: int) -> None:
        self._connection = connection
        self._house_id = house_id
        self._queue = queue
        self._now_ms = now_ms

    async def page(self, endpoint_id: str, state: DeliveryState | None, asked: AskedPage) -> Sequence[Delivery]:
        place = sa.tuple_(dispatches.c.made_at_ms, dispatches.c.dispatch_id)
        wanted = self._of(endpoint_id).order_by(dispatches.c.made_at_ms.desc(), dispatches.c.dispatch_id.desc())
        if state is DeliveryState.WAITING:
            wanted = wanted.where(dispatches.c.settled.is_(None))
        elif state is not None:
            wanted = wanted.where(dispatches.c.settled == state.value)
        if asked.after is not None:
            wanted = wanted.where(place < sa.tuple_(sa.literal(asked.after.time_ms), sa.literal(asked.after.item_id)))
        rows = (await self._connection.execute(wanted.limit(asked.size + 1))).all()
        return await self._with_tries(endpoint_id, [_delivery(row) for row in rows])

    async def find(self, endpoint_id: str, event_id: str) -> Delivery | None:
        by_key = dispatches.c.key == event_id
        # Of what only the latest is told of, the key is what it is about.
        by_latest = dispatches.c.key.startswith(LATEST_PREFIX, autoescape=True) & (dispatches.c.about == event_id)
        for which in (by_key, by_latest):
            if (row := (await self._connection.execute(self._of(endpoint_id).where(which))).first()) is not None:
                break
        else:
            return None
        [found] = await self._with_tries(endpoint_id, [_delivery(row)])
        return found

    async def told(self, event_id: str) -> Notice | None:
        wanted = sa.select(told_events).where(
            told_events.c.house_id == self._house_id, told_events.c.event_id == event_id
        )
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else told_notice(row)

    async def settled(self, endpoint_id: str, window: Window, limit: int) -> Sequence[Notice]:
        at_ms = told_events.c.at_ms
        wanted = (
            sa.select(told_events)
            .join(dispatches, dispatches.c.key == told_events.c.event_id)
            .where(
                told_events.c.house_id == self._house_id,
                dispatches.c.house_id == self._house_id,
                dispatches.c.target_id == endpoint_id,
                dispatches.c.settled.is_not(None),
                at_ms >= window.from_ms,
            )
            .order_by(at_ms, told_events.c.event_id)
            .limit(limit)
        )
        if window.until_ms:
            wanted = wanted.where(at_ms < window.until_ms)
        if window.only_failed:
            wanted = wanted.where(dispatches.c.settled != Settled.DELIVERED.value)
        return [told_notice(row) for row in await self._connection.execute(wanted)]

    async def keep(self, notice: Notice) -> None:
        await keep_told(self._connection, [(self._house_id, notice)], self._now_ms)

    async def put(self, endpoint_id: str, notices: Sequence[Notice], *, lives_ms: int) -> None:
        target = Target(self._house_id, endpoint_id)
        put = [dispatch_of(notice, target, self._now_ms, lives_ms) for notice in notices]
        await self._queue.put_latest(self._connection, put)

    async def drop(self, endpoint_id: str, note: str) -> None:
        await self._queue.drop(self._connection, Target(self._house_id, endpoint_id), note)

    async def mend(self, endpoint_id: str) -> None:
        await self._queue.mend(self._connection, Target(self._house_id, endpoint_id))

    def _of(self, endpoint_id: str) -> sa.Select[Any]:
        return sa.select(dispatches).where(
            dispatches.c.house_id == self._house_id, dispatches.c.target_id == endpoint_id
        )

    async def _with_tries(self, endpoint_id: str, found: Sequence[Delivery]) -> list[Delivery]:
        values = {
            "house_id": self._house_id,
            "target_id": endpoint_id,
            "abouts": [one.event_id for one in found],
            "most": MAX_TRIES_TOLD,
        }
        tries: dict[str, list[DeliveryTry]] = {}
        for row in await self._connection.execute(_TRIES, values):
            tries.setdefault(row.about, []).append(DeliveryTry(row.at_ms, row.status, row.took_ms, row.answer))
        return [replace(one, log=tries.get(one.event_id, ())) for one in found]


def _delivery(row: sa.Row[Any]) -> Delivery:
    return Delivery(
        delivery_id=row.dispatch_id,
        endpoint_id=row.target_id,
        event_id=row.about,
        event_type=row.kind,
        state=DeliveryState(row.settled) if row.settled else DeliveryState.WAITING,
        tries=row.tries,
        made_at_ms=row.made_at_ms,
        next_try_at_ms=0 if row.settled else max(row.due_at_ms, row.made_at_ms),
        settled_at_ms=row.settled_at_ms or 0,
        note=row.note,
    )
