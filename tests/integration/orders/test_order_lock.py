"""Who waited for an order's lock acts on the order as it is by then: parts, tickets and refunds too."""

from __future__ import annotations

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.domain import commands
from services.orders.domain.order import Order, SeatStatus
from services.orders.domain.steps import Timing
from services.orders.handlers.acting import act_on
from services.orders.ports import Act, Acted, OrderRef
from services.runtime.clock import SystemClock
from services.runtime.errors import Refusal
from services.runtime.ids import RandomIds
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import HouseScope
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.unit.orders.builders import NOW_MS, a_key, an_order, two_parts

CLOCK = SystemClock()
ORDER = an_order(parts=two_parts())
REF = OrderRef(ORDER.house_id, ORDER.order_id)

WAITING = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND backend_type = 'client backend'"""


def acting(command: commands.Command) -> Act:
    return act_on(command, CLOCK, Timing())


async def somebody_waits(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return bool(await connection.scalar(text(WAITING)))


async def test_a_change_that_waited_for_another_sees_what_that_one_did_to_the_parts(database_url: DatabaseUrl) -> None:
    engine = create_engine(database_url("orders"), application="test")
    store = PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: None)
    await store.add(ORDER, a_key("key_1"), NOW_MS)
    check_out = commands.CheckOut(ORDER.total, "https://shop.example/", CLOCK.now_ms() + 3_600_000)
    await store.change(REF, acting(check_out))
    seen: list[tuple[SeatStatus, ...]] = []

    def second(order: Order) -> Acted | Refusal:
        seen.append(tuple(part.seats for part in order.parts))
        return acting(commands.SeatsClaimed(1))(order)

    async with connected(engine, HouseScope(ORDER.house_id)) as connection:
        await store.change_within(connection, REF, acting(commands.SeatsClaimed(0)))
        waiting = asyncio.create_task(store.change(REF, second))
        await eventually(lambda: somebody_waits(engine))
    await waiting
    assert seen == [(SeatStatus.CLAIMED, SeatStatus.ASKED)]
    read = await store.get(REF)
    assert read is not None
    assert [part.seats for part in read.parts] == [SeatStatus.CLAIMED, SeatStatus.CLAIMED]
    await engine.dispose()
