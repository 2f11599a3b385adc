"""One transaction of the catalogue: its rows, its idempotency key and its events commit together or not at all."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalogue.adapters.drawing_request_rows import PostgresDrawingRequestRows
from services.catalogue.adapters.hall_rows import PostgresHallRows
from services.catalogue.adapters.house_rows import keep_house, load_house
from services.catalogue.adapters.pass_rows import PostgresPassNumbers
from services.catalogue.adapters.performance_rows import PostgresPerformanceRows, load_performances
from services.catalogue.adapters.plan_rows import PostgresPlanRows
from services.catalogue.adapters.poster_rows import PosterRows
from services.catalogue.adapters.price_rows import PostgresPriceThings
from services.catalogue.adapters.production_rows import ProductionRows
from services.catalogue.adapters.quota_rows import PostgresQuotas
from services.catalogue.adapters.shared_plan_rows import PostgresSharedPlanRows
from services.catalogue.adapters.tables import idempotency_keys, performances, seating_plans
from services.catalogue.domain.house import House
from services.catalogue.domain.performance import Performance, PlanFacts
from services.catalogue.domain.performance_events import PerformanceEvent
from services.catalogue.ports.houses import Houses
from services.contracts.acts import Act, act_event
from services.contracts.answer_rows import AnswerRows
from services.contracts.once import RecordedAnswer
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import ENQUEUE_MAX_EVENTS, enqueue


class PostgresTransaction:
    """See CatalogueTransaction. Lives as long as its connection's block."""

    def __init__(
        self,
        connection: AsyncConnection,
        now_ms: int,
        ids: Ids,
        message_of: Callable[[PerformanceEvent], OutgoingEvent],
        houses: Houses,
    ) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._ids = ids
        self._message_of = message_of
        self._houses = houses
        self.productions = ProductionRows(connection)
        self.posters = PosterRows(connection)
        self._events: list[OutgoingEvent] = []
        self.halls = PostgresHallRows(connection)
        self.plans = PostgresPlanRows(connection, now_ms)
        self.shared_plans = PostgresSharedPlanRows(connection)
        self.drawings = PostgresDrawingRequestRows(connection)
        self.pass_numbers = PostgresPassNumbers(connection, now_ms)
        self.price_things = PostgresPriceThings(connection, now_ms)
        self.quotas = PostgresQuotas(connection, now_ms)
        self.performances = PostgresPerformanceRows(connection, now_ms)
        self._answers = AnswerRows(connection, idempotency_keys, now_ms)
        self.is_complete = self.has_published = False

    async def claim_key(self, house_id: str, key: str, request_hash: bytes) -> RecordedAnswer | None:
        """See KeyedTransaction.claim_key."""
        return await self._answers.claim(house_id, key, request_hash)

    async def record_answer(self, house_id: str, key: str, answer: bytes) -> None:
        """See KeyedTransaction.record_answer."""
        await self._answers.record(house_id, key, answer)

    async def house(self, house_id: str) -> House | None:
        """See CatalogueTransaction.house. The copy that is made of an answer commits with whatever needed it."""
        known = await load_house(self._connection, house_id)
        if known is not None:
            return known
        asked = await self._houses.house(house_id)
        if asked is not None:
            await keep_house(self._connection, asked, self._now_ms)
        return asked

    async def plan_facts(self, house_id: str, hall_id: str, plan_version: int) -> PlanFacts | None:
        plans = seating_plans.c
        wanted = (
            sa.select(plans.plan_version, plans.seat_count, plans.categories)
            .where(plans.house_id == house_id, plans.hall_id == hall_id)
            .order_by(plans.plan_version.desc())
            .limit(1)
        )
        if plan_version:
            wanted = wanted.where(plans.plan_version == plan_version)
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else PlanFacts(hall_id, row.plan_version, row.seat_count, tuple(row.categories))

    async def lock_performance(self, house_id: str, performance_id: str) -> Performance | None:
        wanted = (
            sa.select(performances)
            .where(performances.c.house_id == house_id, performances.c.performance_id == performance_id)
            .with_for_update()
        )
        found = await load_performances(self._connection, house_id, wanted)
        return found[0] if found else None

    async def publish(self, event: PerformanceEvent) -> None:
        self._events.append(self._message_of(event))

    async def record_act(self, house_id: str, act: Act) -> None:
        """See CatalogueTransaction.record_act."""
        self._events.append(act_event(house_id, act, now_ms=self._now_ms, ids=self._ids))

    async def commit(self) -> None:
        """See CatalogueTransaction.commit. It is done as the connection's block ends."""
        # A production's new title is told by all of its performances, and there may be thousands.
        for first in range(0, len(self._events), ENQUEUE_MAX_EVENTS):
            some = self._events[first : first + ENQUEUE_MAX_EVENTS]
            await enqueue(self._connection, some, now_ms=self._now_ms, ids=self._ids)
        self.is_complete = True
        self.has_published = bool(self._events)
