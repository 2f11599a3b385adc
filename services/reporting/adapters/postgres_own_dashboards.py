"""People's own dashboards in PostgreSQL. Person id in every query: nobody reads another one's choice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.answer_rows import AnswerRows
from services.contracts.once import RecordedAnswer
from services.reporting.adapters.dashboard_tables import dashboard_keys, own_dashboards
from services.reporting.domain.own_dashboard import OwnDashboard
from services.runtime.clock import Clock
from services.runtime.sql.connections import connected
from services.runtime.sql.old_rows import delete_old
from services.runtime.sql.scopes import AllHouses

_PEOPLE = AllHouses("dashboards are people's, and what they choose is of many houses")
_OLD = AllHouses("keys of dashboards are forgotten by age")
# Of the advisory lock: it means a person's dashboards and nothing else.
_LOCK = 7205121


class DashboardRows:
    """See DashboardTransaction. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, now_ms: int) -> None:
        self._connection = connection
        self._answers = AnswerRows(connection, dashboard_keys, now_ms)
        self.now_ms = now_ms
        self.is_complete = False

    async def lock(self, person_id: str) -> None:
        """See DashboardTransaction.lock."""
        await self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK, sa.func.hashtext(person_id))))

    async def find(self, person_id: str, dashboard_id: str) -> OwnDashboard | None:
        """See DashboardTransaction.find."""
        wanted = sa.select(own_dashboards).where(
            own_dashboards.c.person_id == person_id, own_dashboards.c.dashboard_id == dashboard_id
        )
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _dashboard(row)

    async def of_person(self, person_id: str) -> Sequence[OwnDashboard]:
        """See DashboardTransaction.of_person."""
        wanted = sa.select(own_dashboards).where(own_dashboards.c.person_id == person_id)
        return [_dashboard(row) for row in await self._connection.execute(wanted)]

    async def save(self, dashboard: OwnDashboard) -> None:
        """See DashboardTransaction.save."""
        values = {column.name: getattr(dashboard, column.name) for column in own_dashboards.columns}
        for name in ("house_ids", "production_ids", "performance_ids"):
            values[name] = list(values[name])
        values["seen_in"] = dict(dashboard.seen_in)
        new = insert(own_dashboards).values(values)
        await self._connection.execute(
            new.on_conflict_do_update(index_elements=["person_id", "dashboard_id"], set_=values)
        )

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes, /) -> RecordedAnswer | None:
        """See KeyedTransaction.claim_key."""
        return await self._answers.claim(owner_id, key, request_hash)

    async def record_answer(self, owner_id: str, key: str, answer: bytes, /) -> None:
        """See KeyedTransaction.record_answer."""
        await self._answers.record(owner_id, key, answer)

    async def commit(self) -> None:
        """It is done as the connection's block ends."""
        self.is_complete = True


class PostgresOwnDashboards:
    """See OwnDashboards."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[DashboardRows]:
        """See OwnDashboards.transaction."""
        async with connected(self._engine, _PEOPLE) as connection:
            rows = DashboardRows(connection, self._clock.now_ms())
            yield rows
            if not rows.is_complete:
                await connection.rollback()

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """See OwnDashboards.purge_keys."""
        async with connected(self._engine, _OLD) as connection:
            return await delete_old(connection, dashboard_keys, created_before_ms, limit)


def _dashboard(row: sa.Row[Any]) -> OwnDashboard:
    return OwnDashboard(
        person_id=row.person_id,
        dashboard_id=row.dashboard_id,
        name=row.name,
        menu_place=row.menu_place,
        house_ids=tuple(row.house_ids),
        production_ids=tuple(row.production_ids),
        performance_ids=tuple(row.performance_ids),
        created_at_ms=row.created_at_ms,
        archived_at_ms=row.archived_at_ms,
        revision=row.revision,
        seen_in=row.seen_in,
    )
