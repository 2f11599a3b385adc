"""A process that remembers rows it wrote sees what others do to them: at once, after a wait, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.domain import commands
from services.orders.domain.order import Order, OrderState
from services.orders.ports import Acted
from services.runtime.errors import Refusal
from services.runtime.ids import RandomIds
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import HouseScope
from services.runtime.testing import eventually
from services.runtime.testing.plans import statements_of
from services.runtime.testing.servers import DatabaseUrl
from tests.contract.orders.stored import CLOCK, acting, added, check_out, confirmed, ref_of, walked
from tests.integration.orders.test_order_lock import somebody_waits
from tests.unit.orders.builders import an_order


@pytest.fixture
async def engine(database_url: DatabaseUrl) -> AsyncIterator[AsyncEngine]:
    """Of an empty record."""
    engine = create_engine(database_url("orders"), application="test", by_key=True)
    yield engine
    await engine.dispose()


def a_process(engine: AsyncEngine) -> PostgresOrderStore:
    return PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: None)


async def test_what_a_process_remembers_is_what_another_reads(engine: AsyncEngine) -> None:
    mine = a_process(engine)
    order = an_order()
    await confirmed(mine, order)
    with statements_of(engine) as statements:
        remembered = await mine.get(ref_of(order))
    assert not any("jsonb_agg" in statement for statement in statements)
    assert remembered == await a_process(engine).get(ref_of(order))


async def test_nothing_is_remembered_of_a_server_that_another_may_have_taken_the_place_of(engine: AsyncEngine) -> None:
    """One that lacks the last transactions gives their numbers out again, and so the versions that they wrote."""
    mine = a_process(engine)
    order = an_order()
    await confirmed(mine, order)
    await engine.dispose()
    with statements_of(engine) as statements:
        await mine.get(ref_of(order))
    assert any("jsonb_agg" in statement for statement in statements)


async def test_a_change_by_another_process_is_seen_in_a_read_and_in_a_change(engine: AsyncEngine) -> None:
    mine, theirs = a_process(engine), a_process(engine)
    order = await added(mine)
    await walked(theirs, order, check_out(order))
    read = await mine.get(ref_of(order))
    assert read is not None
    assert read.state is OrderState.CLAIMING
    await walked(theirs, order, commands.SeatsClaimed())
    paying = await walked(mine, order, commands.PaymentPending("pay_1", "https://pay.example/1"))
    assert paying.state is OrderState.PAYING


async def test_a_change_that_waited_for_another_process_does_not_act_on_what_was_remembered(
    engine: AsyncEngine,
) -> None:
    mine, theirs = a_process(engine), a_process(engine)
    order = await added(mine)
    seen: list[OrderState] = []

    def looks(now: Order) -> Acted | Refusal:
        seen.append(now.state)
        return Acted(now, (), None)

    async with connected(engine, HouseScope(order.house_id)) as connection:
        await theirs.change_within(connection, ref_of(order), acting(check_out(order)))
        waiting = asyncio.create_task(mine.change(ref_of(order), looks))
        await eventually(lambda: somebody_waits(engine))
    await waiting
    assert seen == [OrderState.CLAIMING]


async def test_a_row_that_its_own_transaction_touched_again_is_read_again(engine: AsyncEngine) -> None:
    """The same writer, another place."""
    mine = a_process(engine)
    order = await added(mine)
    async with connected(engine, HouseScope(order.house_id)) as connection:
        await mine.change_within(connection, ref_of(order), acting(check_out(order)))
        await connection.execute(text("UPDATE orders SET customer_id = 'cus_merged'"))
    read = await mine.get(ref_of(order))
    assert read is not None
    assert (read.state, read.customer_id) == (OrderState.CLAIMING, "cus_merged")


async def test_nothing_is_remembered_of_a_transaction_that_was_rolled_back(engine: AsyncEngine) -> None:
    mine = a_process(engine)
    order = await added(mine)
    async with connected(engine, HouseScope(order.house_id)) as connection:
        await mine.change_within(connection, ref_of(order), acting(check_out(order)))
        await connection.rollback()
    read = await mine.get(ref_of(order))
    assert read is not None
    assert read.state is OrderState.OPEN
