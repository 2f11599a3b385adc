"""A limit holds however many orders come at once; counting without the row's lock does not keep it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.adapters.use_counter import UseCounter
from services.orders.domain.order import Order
from services.orders.domain.refusals import UsesExhausted
from services.orders.domain.uses import CountedUse, customer_use
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import DatabaseUrl
from tests.unit.orders.builders import HOUSE, NOW_MS, SHOW, a_key, an_order

LIMIT, ORDERS = 3, 8
COUNTED = "code:SPRING"
COUNT = """INSERT INTO counted_uses VALUES (:house_id, :counted, 1)
ON CONFLICT (house_id, counted_id) DO UPDATE SET used = counted_uses.used + 1"""


async def raced(database_url: str, counted: str = COUNTED) -> int:
    """How many orders have the code, or are the customer's, of as many as came at once."""
    engine = create_engine(database_url, application="test", pool_size=ORDERS)
    # A store each, as so many processes have: one alone would commit them all at once.
    stores = [PostgresOrderStore(engine, SystemClock(), RandomIds(), committed=lambda: None) for _ in range(ORDERS)]
    orders = [
        an_order(order_id=f"ord_{number}", seats=(f"A-{number}",), uses=(CountedUse(counted, 1, LIMIT),))
        for number in range(ORDERS)
    ]
    adding = (store.add(one, a_key(f"key_{one.order_id}"), NOW_MS) for store, one in zip(stores, orders, strict=True))
    answers = await asyncio.gather(*adding)
    await engine.dispose()
    return sum(answer is None for answer in answers)


@pytest.mark.parametrize("counted", [COUNTED, customer_use("cus_1", SHOW, 1, LIMIT).counted_id])
async def test_no_more_orders_than_the_limit_have_what_is_limited(database_url: DatabaseUrl, counted: str) -> None:
    assert await raced(database_url("orders"), counted) == LIMIT


async def test_a_limit_that_is_looked_at_before_it_is_counted_is_passed(
    database_url: DatabaseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: all look, then all count."""
    all_have_looked = asyncio.Barrier(ORDERS)

    async def look(counter: UseCounter, orders: Sequence[Order]) -> None:
        read = text("SELECT coalesce(max(used), 0) FROM counted_uses")
        counter._used = {(orders[0].house_id, COUNTED): (await counter._connection.execute(read)).scalar_one()}
        await all_have_looked.wait()

    async def count(counter: UseCounter) -> None:
        """Adds to whatever there is, as if nobody else could have done so."""
        await counter._connection.execute(text(COUNT), {"house_id": HOUSE, "counted": COUNTED})

    monkeypatch.setattr(UseCounter, "lock", look)
    monkeypatch.setattr(UseCounter, "write", count)
    assert await raced(database_url("orders")) == ORDERS > LIMIT


async def test_of_one_group_no_more_than_the_limit_have_the_code(database_url: DatabaseUrl) -> None:
    engine = create_engine(database_url("orders"), application="test")
    store = PostgresOrderStore(engine, SystemClock(), RandomIds(), committed=lambda: None)
    uses = (CountedUse(COUNTED, 2, LIMIT),)
    orders = [an_order(order_id=f"ord_{number}", hold_id=f"hold_{number}", uses=uses) for number in range(3)]
    answers = await asyncio.gather(*(store.add(one, a_key(f"key_{one.order_id}"), NOW_MS) for one in orders))
    await engine.dispose()
    assert answers == [None, UsesExhausted(COUNTED, 1, 2), UsesExhausted(COUNTED, 1, 2)]
