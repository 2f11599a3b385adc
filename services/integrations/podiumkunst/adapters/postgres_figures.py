"""See FigureStore and ToldBook: the read model, and what was told of it, in PostgreSQL."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.transactions import WritingTransaction
from services.integrations.podiumkunst.adapters import figure_reads as reads
from services.integrations.podiumkunst.adapters.figure_tables import (
    figure_rounds,
    figure_rules,
    figure_states,
    figure_told,
)
from services.integrations.podiumkunst.adapters.link_tables import hall_mappings, links
from services.integrations.podiumkunst.domain.connection import TARGET_ID
from services.integrations.podiumkunst.domain.figures import ReportsItself
from services.integrations.podiumkunst.domain.telling import LastTold, Part, Telling, decoded
from services.integrations.podiumkunst.ports.figure_store import Known, Linked, Rules, ToldLine
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbound.port import Dispatch, OutboundQueue, Target
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses, HouseScope
from services.runtime.work.purge import PurgeStep

_OLD = AllHouses("what was put out is forgotten by age")
# One that is put out again at this moment is left to the next time.
_FORGET = sa.text(
    """DELETE FROM figure_states
       WHERE (house_id, number, part, digest) IN (
           SELECT s.house_id, s.number, s.part, s.digest
           FROM figure_states s LEFT JOIN figure_told t USING (house_id, number, part)
           WHERE s.put_at_ms < :before_ms AND s.body IS DISTINCT FROM t.put AND s.body IS DISTINCT FROM t.told
           LIMIT :limit FOR UPDATE OF s SKIP LOCKED)"""
)


def dispatch_of(house_id: str, telling: Telling, now_ms: int) -> Dispatch:
    """One for each part of a number: what waits is replaced by what is newer, and a number's parts keep their order."""
    return Dispatch(
        target=Target(house_id, TARGET_ID),
        key=f"{telling.number}:{telling.part.value}",
        kind=telling.part.value,
        body=telling.encoded(),
        made_at_ms=now_ms,
        lane=telling.number,
        about=f"{telling.number} {telling.performance_id}",
    )


class PostgresFigureTransaction(WritingTransaction):
    """See FigureTransaction."""

    def __init__(
        self, connection: AsyncConnection, house_id: str, now_ms: int, *, ids: Ids, queue: OutboundQueue
    ) -> None:
        super().__init__(connection, house_id, now_ms, ids)
        self._queue = queue

    async def lock(self) -> None:
        begin = insert(figure_rounds).values(house_id=self.house_id, hourly_at_ms=0, nightly_at_ms=0)
        await self._connection.execute(begin.on_conflict_do_nothing())
        mine = sa.select(figure_rounds.c.house_id).where(figure_rounds.c.house_id == self.house_id)
        await self._connection.execute(mine.with_for_update())

    async def linked(
        self, *, after: str = "", limit: int = 0, performance_id: str = "", numbers: Collection[str] = ()
    ) -> Sequence[Linked]:
        wanted = reads.linked(self.house_id, after, limit, performance_id, numbers)
        return [reads.linked_of(row) for row in await self._connection.execute(wanted)]

    async def unlinked(self, limit: int) -> Sequence[Linked]:
        return [reads.linked_of(row) for row in await self._connection.execute(reads.unlinked(self.house_id, limit))]

    async def known(self, performance_ids: Collection[str]) -> Mapping[str, Known]:
        return await reads.known(self._connection, self.house_id, performance_ids)

    async def rules(self, *, lock: bool = False) -> Rules:
        wanted = sa.select(figure_rules).where(figure_rules.c.house_id == self.house_id)
        row = (await self._connection.execute(wanted.with_for_update() if lock else wanted)).first()
        if row is None:
            return Rules(ReportsItself(), 0)
        return Rules(ReportsItself(frozenset(row.resellers), frozenset(row.offices)), row.version)

    async def save_rules(self, rules: Rules) -> None:
        kept = {
            "resellers": sorted(rules.reports_itself.resellers),
            "offices": sorted(rules.reports_itself.offices),
            "version": rules.version,
        }
        add = insert(figure_rules).values(house_id=self.house_id, **kept)
        await self._connection.execute(add.on_conflict_do_update(index_elements=["house_id"], set_=kept))

    async def ranks(self, hall_id: str) -> Mapping[str, int]:
        mine = (hall_mappings.c.house_id == self.house_id) & (hall_mappings.c.hall_id == hall_id)
        found = (await self._connection.execute(sa.select(hall_mappings.c.ranks).where(mine))).scalar_one_or_none()
        return dict(found or ())

    async def last(self, numbers: Collection[str]) -> Mapping[tuple[str, Part], LastTold]:
        rows = await self._connection.execute(self._told_of(numbers))
        return {(row.number, Part(row.part)): LastTold(row.put, row.told, row.told_at_ms) for row in rows}

    async def put(self, tellings: Sequence[Telling]) -> None:
        if not tellings:
            return
        states = [
            {
                "house_id": self.house_id,
                "number": one.number,
                "part": one.part.value,
                "digest": hashlib.sha256(one.encoded()).digest(),
                "body": one.encoded(),
                "put_at_ms": self.now_ms,
            }
            for one in tellings
        ]
        add = insert(figure_states).values(states)
        key = [column.name for column in figure_states.primary_key]
        await self._connection.execute(
            add.on_conflict_do_update(index_elements=key, set_={"put_at_ms": add.excluded.put_at_ms})
        )
        await self._connection.execute(_put(self.house_id, tellings, self.now_ms))
        dispatches = [dispatch_of(self.house_id, one, self.now_ms) for one in tellings]
        await self._queue.put_latest(self._connection, dispatches)

    async def told(self, numbers: Collection[str]) -> Sequence[ToldLine]:
        rows = await self._connection.execute(self._told_of(numbers).order_by(figure_told.c.number, figure_told.c.part))
        return [_line(row) for row in rows]

    def _told_of(self, numbers: Collection[str]) -> sa.Select[Any]:
        mine = (figure_told.c.house_id == self.house_id) & figure_told.c.number.in_(list(numbers))
        return sa.select(figure_told).where(mine)


class PostgresFigures:
    """See FigureStore. `wake` is called after a commit with acts."""

    def __init__(
        self, engine: AsyncEngine, queue: OutboundQueue, *, clock: Clock, ids: Ids, wake: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._queue = queue
        self._clock = clock
        self._ids = ids
        self._wake = wake

    @asynccontextmanager
    async def transaction(self, house_id: str) -> AsyncIterator[PostgresFigureTransaction]:
        """See FigureStore.transaction."""
        async with connected(self._engine, HouseScope(house_id)) as connection:
            now_ms = self._clock.now_ms()
            transaction = PostgresFigureTransaction(connection, house_id, now_ms, ids=self._ids, queue=self._queue)
            yield transaction
            await transaction.end(self._wake)


def forget_states(engine: AsyncEngine) -> PurgeStep:
    """States that were put out long ago, but for what stands: nothing can tell the platform one of them any more."""

    async def step(before_ms: int, limit: int) -> int:
        async with connected(engine, _OLD) as connection:
            found = await connection.execute(_FORGET, {"before_ms": before_ms, "limit": limit})
            return int(found.rowcount)

    return step


class PostgresToldBook:
    """See ToldBook."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def is_linked(self, house_id: str, number: str, performance_id: str) -> bool:
        """See ToldBook.is_linked."""
        mine = (links.c.house_id == house_id) & (links.c.number == number)
        wanted = sa.select(links.c.number).where(mine, links.c.performance_id == performance_id)
        async with connected(self._engine, HouseScope(house_id)) as connection:
            return (await connection.execute(wanted)).first() is not None

    async def answered(self, house_id: str, telling: Telling, outcome: str, note: str, *, has_it: bool) -> None:
        """See ToldBook.answered."""
        now_ms = self._clock.now_ms()
        mine = (figure_told.c.house_id == house_id) & (figure_told.c.number == telling.number)
        values: dict[str, Any] = {"answered_at_ms": now_ms, "answer": note, "outcome": outcome}
        if has_it:
            values |= {"told": telling.encoded(), "told_at_ms": now_ms}
        answer = sa.update(figure_told).where(mine, figure_told.c.part == telling.part.value).values(values)
        async with connected(self._engine, HouseScope(house_id)) as connection:
            await connection.execute(answer)


def _put(house_id: str, tellings: Sequence[Telling], now_ms: int) -> sa.Insert:
    rows = [
        {
            "house_id": house_id,
            "number": one.number,
            "part": one.part.value,
            "performance_id": one.performance_id,
            "put": one.encoded(),
            "put_at_ms": now_ms,
            "told_at_ms": 0,
            "answered_at_ms": 0,
            "answer": "",
            "outcome": "",
        }
        for one in tellings
    ]
    add = insert(figure_told).values(rows)
    changed = {name: add.excluded[name] for name in ("performance_id", "put", "put_at_ms")}
    return add.on_conflict_do_update(index_elements=["house_id", "number", "part"], set_=changed)


def _line(row: Any) -> ToldLine:
    return ToldLine(
        number=row.number,
        performance_id=row.performance_id,
        part=Part(row.part),
        put_at_ms=row.put_at_ms,
        told=None if row.told is None else decoded(row.told),
        told_at_ms=row.told_at_ms,
        answered_at_ms=row.answered_at_ms,
        answer=row.answer,
        outcome=row.outcome,
    )
