"""Deals in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.adapters.settlement_tables import deals
from services.reporting.adapters.written_settlements import read_deal, written_deal
from services.reporting.domain.settlement_document import KeptDeal
from services.reporting.ports.deals import DealKey, DealThing

_KEY = (deals.c.thing, deals.c.thing_id)
# Of the advisory lock of one deal: the first of its two numbers.
_LOCK = 7205131


def key_of(deal: KeptDeal) -> DealKey:
    """What it is for."""
    if deal.performance_id:
        return DealKey(DealThing.PERFORMANCE, deal.performance_id)
    return DealKey(DealThing.PRODUCTION, deal.production_id)


class DealRows:
    """See Deals."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id

    async def lock(self, key: DealKey) -> KeptDeal | None:
        """A deal that nobody has set yet has no row to lock."""
        text = f"{self._house_id}/{key.thing.value}/{key.thing_id}"
        lock = sa.select(sa.func.pg_advisory_xact_lock(_LOCK, sa.func.hashtext(text)))
        await self._connection.execute(lock)
        return await self.get(key)

    async def get(self, key: DealKey, version: int = 0) -> KeptDeal | None:
        wanted = sa.select(deals).where(
            deals.c.house_id == self._house_id, deals.c.thing == key.thing.value, deals.c.thing_id == key.thing_id
        )
        if version:
            wanted = wanted.where(deals.c.version == version)
        row = (await self._connection.execute(wanted.order_by(deals.c.version.desc()).limit(1))).first()
        return None if row is None else _deal(row)

    async def holding(self, production_id: str, performance_id: str) -> KeptDeal | None:
        own = await self.get(DealKey(DealThing.PERFORMANCE, performance_id))
        return own or await self.get(DealKey(DealThing.PRODUCTION, production_id))

    async def add(self, deal: KeptDeal) -> None:
        key = key_of(deal)
        values = {
            "house_id": self._house_id,
            "thing": key.thing.value,
            "thing_id": key.thing_id,
            "version": deal.version,
            "content": written_deal(deal.deal),
            "set_at_ms": deal.set_at_ms,
            "set_by_kind": deal.set_by_kind,
            "set_by": deal.set_by,
        }
        await self._connection.execute(insert(deals), values)

    async def page(self, after: DealKey | None, limit: int) -> Sequence[KeptDeal]:
        wanted = sa.select(deals).ext(distinct_on(*_KEY)).where(deals.c.house_id == self._house_id)
        if after is not None:
            place = sa.tuple_(sa.literal(after.thing.value), sa.literal(after.thing_id))
            wanted = wanted.where(sa.tuple_(*_KEY) > place)
        newest = wanted.order_by(*_KEY, deals.c.version.desc()).limit(limit)
        return [_deal(row) for row in await self._connection.execute(newest)]


def _deal(row: sa.Row[Any]) -> KeptDeal:
    is_own = row.thing == DealThing.PERFORMANCE.value
    return KeptDeal(
        production_id="" if is_own else row.thing_id,
        performance_id=row.thing_id if is_own else "",
        version=row.version,
        deal=read_deal(bytes(row.content)),
        set_at_ms=row.set_at_ms,
        set_by_kind=row.set_by_kind,
        set_by=row.set_by,
    )
