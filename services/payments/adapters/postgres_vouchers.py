"""Vouchers in PostgreSQL: transactions over one house, and what is read of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.pages import Place
from services.contracts.transactions import AnsweringTransaction
from services.payments.adapters.tables import IDEMPOTENCY_KEYS, VOUCHER_ENTRIES, VOUCHER_GUESSES, VOUCHERS
from services.payments.adapters.voucher_rows import VoucherRows, entry_of, voucher_of
from services.payments.domain.voucher import Entry, Voucher
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.sql.connections import connected, for_single_statements
from services.runtime.sql.scopes import HouseScope


class PostgresVouchersTransaction(AnsweringTransaction):
    """See VouchersTransaction. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, ids: Ids, rows: VoucherRows) -> None:
        super().__init__(connection, house_id, now_ms, ids, IDEMPOTENCY_KEYS)
        self._rows = rows

    async def lock(self, voucher_id: str) -> Voucher | None:
        return (await self._rows.locked(self._connection, self.house_id, [voucher_id])).get(voucher_id)

    async def make(self, vouchers: Sequence[tuple[Voucher, Entry]]) -> Sequence[Voucher]:
        return await self._rows.make(self._connection, vouchers)

    async def write(self, entry: Entry) -> None:
        await self._rows.write(self._connection, self.house_id, [entry])

    async def stop(self, voucher_id: str) -> None:
        mine = sa.and_(VOUCHERS.c.house_id == self.house_id, VOUCHERS.c.voucher_id == voucher_id)
        stopped = {"is_stopped": True, "revision": VOUCHERS.c.revision + 1}
        await self._connection.execute(sa.update(VOUCHERS).where(mine).values(stopped))

    async def codes(self, voucher_ids: Iterable[str]) -> Mapping[str, str]:
        return await self._rows.codes(self._connection, self.house_id, voucher_ids)


class PostgresVouchers:
    """See VoucherStore. `wake` is called after a commit with acts."""

    def __init__(
        self, engine: AsyncEngine, *, clock: Clock, ids: Ids, rows: VoucherRows, wake: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._single = for_single_statements(engine)
        self._clock = clock
        self._ids = ids
        self._rows = rows
        self._wake = wake

    @asynccontextmanager
    async def transaction(self, house_id: str) -> AsyncIterator[PostgresVouchersTransaction]:
        async with connected(self._engine, HouseScope(house_id)) as connection:
            transaction = PostgresVouchersTransaction(connection, house_id, self._clock.now_ms(), self._ids, self._rows)
            yield transaction
            await transaction.end(self._wake)

    async def find(self, house_id: str, voucher_ids: Iterable[str]) -> Mapping[str, Voucher]:
        found = await self._select(house_id, VOUCHERS.c.voucher_id.in_(sorted(set(voucher_ids))))
        return {voucher.voucher_id: voucher for _, voucher in found}

    async def by_hashes(self, house_id: str, hashes: Iterable[bytes]) -> Mapping[bytes, Voucher]:
        return dict(await self._select(house_id, VOUCHERS.c.code_hash.in_(sorted(set(hashes)))))

    async def _select(self, house_id: str, condition: sa.ColumnElement[bool]) -> Sequence[tuple[bytes, Voucher]]:
        wanted = sa.select(VOUCHERS).where(VOUCHERS.c.house_id == house_id, condition)
        async with connected(self._single, HouseScope(house_id)) as connection:
            return [(bytes(row.code_hash), voucher_of(row)) for row in await connection.execute(wanted)]

    async def page(self, house_id: str, after: Place | None, limit: int) -> Sequence[Voucher]:
        wanted = sa.select(VOUCHERS).where(VOUCHERS.c.house_id == house_id)
        if after is not None:
            place = sa.tuple_(VOUCHERS.c.created_at_ms, VOUCHERS.c.voucher_id)
            wanted = wanted.where(place > sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        wanted = wanted.order_by(VOUCHERS.c.created_at_ms, VOUCHERS.c.voucher_id).limit(limit)
        async with connected(self._single, HouseScope(house_id)) as connection:
            return [voucher_of(row) for row in await connection.execute(wanted)]

    async def entries(self, house_id: str, voucher_id: str, after: int, limit: int) -> Sequence[tuple[int, Entry]]:
        table = VOUCHER_ENTRIES.c
        mine = sa.and_(table.house_id == house_id, table.voucher_id == voucher_id, table.entry_id > after)
        wanted = sa.select(VOUCHER_ENTRIES).where(mine).order_by(table.entry_id).limit(limit)
        async with connected(self._single, HouseScope(house_id)) as connection:
            return [(row.entry_id, entry_of(row)) for row in await connection.execute(wanted)]

    async def wrong_codes(self, house_id: str, caller: str, since_ms: int) -> int:
        table = VOUCHER_GUESSES.c
        mine = sa.and_(table.house_id == house_id, table.caller == caller, table.since_ms > since_ms)
        async with connected(self._single, HouseScope(house_id)) as connection:
            return (await connection.execute(sa.select(table.wrong).where(mine))).scalar_one_or_none() or 0

    async def count_wrong(self, house_id: str, caller: str, wrong: int, since_ms: int, now_ms: int) -> None:
        table = VOUCHER_GUESSES.c
        row = insert(VOUCHER_GUESSES).values(house_id=house_id, caller=caller, since_ms=now_ms, wrong=wrong)
        is_over = table.since_ms <= since_ms
        counted = row.on_conflict_do_update(
            index_elements=["house_id", "caller"],
            set_={
                "wrong": sa.case((is_over, wrong), else_=table.wrong + wrong),
                "since_ms": sa.case((is_over, now_ms), else_=table.since_ms),
            },
        )
        async with connected(self._single, HouseScope(house_id)) as connection:
            await connection.execute(counted)
