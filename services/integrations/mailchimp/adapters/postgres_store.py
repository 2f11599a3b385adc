"""The integration's record in PostgreSQL: transactions over one house, and which houses have something to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.pages import Place
from services.contracts.transactions import AnsweringTransaction
from services.integrations.mailchimp.adapters.account_rows import AccountRows, AudienceRows, SyncRows
from services.integrations.mailchimp.adapters.account_tables import audiences, idempotency_keys
from services.integrations.mailchimp.adapters.member_rows import MemberRows
from services.integrations.mailchimp.adapters.member_tables import DUE, members, news
from services.integrations.mailchimp.adapters.news_rows import NewsRows
from services.integrations.mailchimp.adapters.progress_rows import ProgressRows
from services.integrations.mailchimp.domain.account import Account
from services.integrations.mailchimp.domain.audience_sync import AudienceSync
from services.integrations.mailchimp.domain.news import News
from services.integrations.mailchimp.ports.store import Audience, OptOut, Progress, Troubled
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbound.port import Dispatch, OutboundQueue, Target
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope

_DUE = AllHouses("each round looks for the houses that have something to do")
_OLD = AllHouses("what is over is forgotten by age")


class PostgresTransaction(AnsweringTransaction):
    """See StoreTransaction. Lives as long as its connection's block."""

    def __init__(
        self, connection: AsyncConnection, house_id: str, now_ms: int, *, ids: Ids, seal: Seal, queue: OutboundQueue
    ) -> None:
        super().__init__(connection, house_id, now_ms, ids, idempotency_keys)
        self._queue = queue
        self._accounts = AccountRows(connection, house_id, seal)
        self._syncs = SyncRows(connection, house_id)
        self._audiences = AudienceRows(connection, house_id, seal)
        self._progress = ProgressRows(connection, house_id)
        self._news = NewsRows(connection, house_id, now_ms)
        self.members = MemberRows(connection, house_id, now_ms)

    async def account(self) -> Account | None:
        return await self._accounts.find()

    async def key(self) -> str:
        return await self._accounts.key()

    async def set_account(self, account: Account, key: str) -> None:
        await self._accounts.set(account, key)

    async def sync(self, sync_id: str, *, lock: bool = False) -> AudienceSync | None:
        return await self._syncs.find(sync_id, lock=lock)

    async def syncs(self, list_id: str = "") -> Sequence[AudienceSync]:
        return await self._syncs.all(list_id)

    async def page_syncs(self, after: Place | None, limit: int, *, archived: bool) -> Sequence[AudienceSync]:
        return await self._syncs.page(after, limit, archived=archived)

    async def add_sync(self, sync: AudienceSync) -> None:
        await self._syncs.add(sync)

    async def save_sync(self, sync: AudienceSync) -> None:
        await self._syncs.save(sync)

    async def audience(self, list_id: str) -> Audience | None:
        return await self._audiences.find(list_id)

    async def audiences(self) -> Sequence[Audience]:
        return await self._audiences.all()

    async def keep_audience(self, audience: Audience) -> None:
        await self._audiences.keep(audience)

    async def finish_first(self, list_id: str) -> None:
        await self._syncs.finish_first(list_id)

    async def progress(self, sync: AudienceSync) -> Progress:
        return await self._progress.of(sync)

    async def troubled(self, sync: AudienceSync, after: Place | None, limit: int) -> Sequence[Troubled]:
        return await self._progress.troubled(sync, after, limit)

    async def due_shards(self, list_id: str) -> Sequence[int]:
        return await self._progress.due_shards(list_id)

    async def retry_troubled(self, list_id: str) -> None:
        await self._progress.retry_troubled(list_id)

    async def store_news(self, told: News) -> bool:
        return await self._news.store(told)

    async def news(self, limit: int) -> Sequence[News]:
        return await self._news.waiting(limit)

    async def news_done(self, told: Sequence[News]) -> None:
        await self._news.done(told)

    async def opt_outs(self, limit: int) -> Sequence[OptOut]:
        return await self._news.opt_outs(limit)

    async def opt_out_done(self, done: OptOut) -> None:
        await self._news.opt_out_done(done)

    async def put(self, dispatches: Sequence[Dispatch]) -> None:
        if dispatches:
            await self._queue.put_latest(self._connection, dispatches)

    async def mend(self, target: Target) -> None:
        await self._queue.mend(self._connection, target)


class PostgresStore:
    """See MailchimpStore. `wake` is called after a commit with events."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        clock: Clock,
        ids: Ids,
        seal: Seal,
        queue: OutboundQueue,
        wake: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._seal = seal
        self._queue = queue
        self._wake = wake

    @asynccontextmanager
    async def transaction(self, house_id: str) -> AsyncIterator[PostgresTransaction]:
        async with connected(self._engine, HouseScope(house_id)) as connection:
            transaction = PostgresTransaction(
                connection, house_id, self._clock.now_ms(), ids=self._ids, seal=self._seal, queue=self._queue
            )
            yield transaction
            await transaction.end(self._wake)

    async def houses_due(self) -> Sequence[tuple[str, str]]:
        wanted = sa.select(members.c.house_id, members.c.list_id).where(sa.text(DUE)).distinct()
        return await self._pairs(wanted)

    async def houses_with_news(self) -> Sequence[str]:
        return await self._houses(sa.select(news.c.house_id).distinct().where(news.c.done_at_ms.is_(None)))

    async def houses_with_opt_outs(self) -> Sequence[str]:
        owed = members.c.opt_out_at_ms.is_not(None)
        return await self._houses(sa.select(members.c.house_id).distinct().where(owed))

    async def audiences_to_compare(self, before_ms: int) -> Sequence[tuple[str, str]]:
        wanted = sa.select(audiences.c.house_id, audiences.c.list_id).where(audiences.c.compared_at_ms < before_ms)
        return await self._pairs(wanted)

    async def _pairs(self, wanted: sa.Select[tuple[str, str]]) -> Sequence[tuple[str, str]]:
        async with connected(self._engine, _DUE) as connection:
            return [(row.house_id, row.list_id) for row in await connection.execute(wanted)]

    async def _houses(self, wanted: sa.Select[Any]) -> Sequence[str]:
        async with connected(self._engine, _DUE) as connection:
            return [row[0] for row in await connection.execute(wanted)]

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        async with connected(self._engine, _OLD) as connection:
            return await delete_old(connection, idempotency_keys, created_before_ms, limit)

    async def purge_news(self, done_before_ms: int, limit: int) -> int:
        key = tuple(news.primary_key.columns)
        old = sa.select(*key).where(news.c.done_at_ms < done_before_ms).limit(limit)
        async with connected(self._engine, _OLD) as connection:
            return (await connection.execute(sa.delete(news).where(sa.tuple_(*key).in_(old)))).rowcount
