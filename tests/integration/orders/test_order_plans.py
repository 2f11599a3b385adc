"""What the saga and the desk ask of the database is looked up by key, whatever the planner knows of the tables."""

from __future__ import annotations

import asyncio

import pytest

from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.domain import commands
from services.orders.ports import OrderFilter, OrderStore
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing.plans import read_through, statements_of
from services.runtime.testing.servers import DatabaseUrl
from tests.contract.orders.stored import a_lease, added, check_out, ref_of, walked
from tests.unit.orders.builders import HOUSE, an_order, tickets_for

CLOCK = SystemClock()
EVERYTHING = AllHouses("the test asks how statements are run")


async def sell(store: OrderStore, number: int) -> None:
    """An order from its making to the end of its money."""
    order = an_order(order_id=f"ord_{number}", seats=(f"A-{number}",))
    await added(store, order, key=f"key_{number}", due_ms=CLOCK.now_ms() + 3_600_000 if number else 0)
    (leased,) = await store.lease_due(a_lease("one"), 10) if not number else (None,)
    if leased is not None:
        await store.postpone(leased.order, a_lease("one"), CLOCK.now_ms() + 3_600_000)
    await walked(
        store,
        order,
        check_out(order),
        commands.SeatsClaimed(),
        commands.PaymentPending(f"pay_{number}", "https://pay.example/1"),
        commands.PaymentSucceeded(f"pay_{number}"),
        commands.SaleConfirmed(tickets_for(order)),
        commands.PaymentRefunded(f"pay_{number}"),
    )
    await store.get(ref_of(order))


@pytest.mark.parametrize("by_key", [True, False])
async def test_the_statements_of_an_order_read_no_whole_table_where_nothing_is_known_of_it(
    database_url: DatabaseUrl, by_key: bool
) -> None:
    engine = create_engine(database_url("orders"), application="test", by_key=by_key)
    store = PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: None)
    try:
        with statements_of(engine) as statements:
            await sell(store, 0)
            await store.states_of([ref_of(an_order())])
            await store.list_orders(OrderFilter(house_id=HOUSE, customer_id="cus_1"))
            await store.purge_keys(0, 10)
        empty = await read_through(engine, statements, EVERYTHING)
        await asyncio.gather(*(sell(store, number) for number in range(1, 40)))
        filled = await read_through(engine, statements, EVERYTHING)
    finally:
        await engine.dispose()
    assert len(statements) > 10
    assert (not empty and not filled) if by_key else filled, (empty, filled)
