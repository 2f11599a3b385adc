"""A limit holds however many orders come at once; counting without the row's lock does not keep it."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.adapters import order_statements as sql
from services.orders.adapters import postgres_order_store
from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.domain.order import Order
from services.orders.domain.refusals import UsesExhausted
from services.orders.domain.uses import CountedUse
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import DatabaseUrl
from tests.unit.orders.builders import NOW_MS, a_key, an_order

LIMIT, ORDERS = 3, 8
COUNTED = "code:SPRING"


async def raced(database_url: str) -> int:
    """How many orders have the code of as many as came at once."""
    engine = create_engine(database_url, application="test", pool_size=ORDERS)
    store = PostgresOrderStore(engine, SystemClock(), RandomIds(), committed=lambda: None)
    orders = [
        an_order(order_id=f"ord_{number}", seats=(f"A-{number}",), uses=(CountedUse(COUNTED, 1, LIMIT),))
        for number in range(ORDERS)
    ]
    answers = await asyncio.gather(*(store.add(one, a_key(f"key_{one.order_id}"), NOW_MS) for one in orders))
    await engine.dispose()
    return sum(answer is None for answer in answers)


async def test_no_more_orders_than_the_limit_have_the_code(database_url: DatabaseUrl) -> None:
    assert await raced(database_url("orders")) == LIMIT


async def test_a_limit_that_is_looked_at_before_it_is_counted_is_passed(
    database_url: DatabaseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: all look, then all count."""
    all_have_looked = asyncio.Barrier(ORDERS)

    async def look_then_count(connection: AsyncConnection, order: Order) -> UsesExhausted | None:
        (use,) = order.uses
        values = {"this_house": order.house_id, "counted": use.counted_id}
        used = (await connection.execute(sql.USED, values)).scalar_one_or_none() or 0
        await all_have_looked.wait()
        if used + use.count > use.limit:
            return UsesExhausted(use.counted_id, use.limit - used, use.count)
        row = {"house_id": order.house_id, "counted_id": use.counted_id, "used": use.count, "limit": 0}
        await connection.execute(sql.TAKE_USE, row)
        return None

    monkeypatch.setattr(postgres_order_store, "take_uses", look_then_count)
    assert await raced(database_url("orders")) == ORDERS > LIMIT
