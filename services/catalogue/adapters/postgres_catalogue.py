"""The catalogue's record in PostgreSQL: reads by house, and one transaction for each change with its events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.catalogue.adapters.performance_rows import load_performances
from services.catalogue.adapters.plan_blob import unpacked_plan
from services.catalogue.adapters.postgres_transaction import PostgresTransaction
from services.catalogue.adapters.tables import idempotency_keys, performances, seating_plans
from services.catalogue.domain.performance import Performance
from services.catalogue.domain.performance_events import PerformanceEvent
from services.catalogue.domain.plan_version import WantedPlan
from services.catalogue.domain.seating_plan import SeatingPlan
from services.catalogue.ports.houses import Houses
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.sql.connections import after_commit, connected
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses, HouseScope

_WANTED_PLANS = AllHouses("changes of plans are finished, whatever their house")
_OLD_KEYS = AllHouses("keys are forgotten by age")


class PostgresCatalogue:
    """See CatalogueStore. `message_of` gives an event its wire form; `wake` is called after a commit with events."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        clock: Clock,
        ids: Ids,
        message_of: Callable[[PerformanceEvent], OutgoingEvent],
        wake: Callable[[], None],
        houses: Houses,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = ids
        self._message_of = message_of
        self._wake = wake
        self._houses = houses

    @asynccontextmanager
    async def transaction(self, house_id: str) -> AsyncIterator[PostgresTransaction]:
        async with connected(self._engine, HouseScope(house_id)) as connection:
            transaction = PostgresTransaction(
                connection, self._clock.now_ms(), self._ids, self._message_of, self._houses
            )
            yield transaction
            if not transaction.is_complete:
                await connection.rollback()
            elif transaction.has_published:
                after_commit(connection, self._wake)

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        async with connected(self._engine, _OLD_KEYS) as connection:
            return await delete_old(connection, idempotency_keys, created_before_ms, limit)

    async def plans_wanted(self, limit: int) -> Sequence[WantedPlan]:
        names = performances.c
        wanted = (
            sa.select(names.house_id, names.performance_id, names.wanted_plan_version)
            .where(names.wanted_plan_version.is_not(None))
            .limit(limit)
        )
        async with connected(self._engine, _WANTED_PLANS) as connection:
            return [WantedPlan(*row) for row in await connection.execute(wanted)]

    async def latest_plan_version(self, house_id: str, hall_id: str) -> int | None:
        latest = sa.select(sa.func.max(seating_plans.c.plan_version)).where(
            seating_plans.c.house_id == house_id, seating_plans.c.hall_id == hall_id
        )
        async with connected(self._engine, HouseScope(house_id)) as connection:
            version: int | None = (await connection.execute(latest)).scalar_one_or_none()
        return version

    async def plan(self, house_id: str, hall_id: str, plan_version: int) -> SeatingPlan | None:
        wanted = sa.select(seating_plans.c.plan).where(
            seating_plans.c.house_id == house_id,
            seating_plans.c.hall_id == hall_id,
            seating_plans.c.plan_version == plan_version,
        )
        async with connected(self._engine, HouseScope(house_id)) as connection:
            blob: bytes | None = (await connection.execute(wanted)).scalar_one_or_none()
        return None if blob is None else await asyncio.to_thread(unpacked_plan, blob)

    async def performance(self, house_id: str, performance_id: str) -> Performance | None:
        wanted = sa.select(performances).where(
            performances.c.house_id == house_id, performances.c.performance_id == performance_id
        )
        async with connected(self._engine, HouseScope(house_id)) as connection:
            found = await load_performances(connection, house_id, wanted)
        return found[0] if found else None
