"""The audit tells of exchanges whose two orders do not agree, and of nothing where they do (R2.9)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.orders.adapters.postgres_audit import PostgresAudit
from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.domain.exchanges import ExchangeStatus
from services.orders.domain.order import Order
from services.orders.domain.refunds import LineRef
from services.orders.handlers.order_request import ExchangeRequest
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import HouseScope
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.unit.orders.builders import HOUSE, SHOW
from tests.unit.orders.rig import Shop, World, answered

CLOCK = SystemClock()
_KEPT = "SELECT order_id, confirmed_at_ms, exchange::text AS exchange FROM orders WHERE order_id IN (:old, :new)"
_PUT_BACK = """UPDATE orders SET confirmed_at_ms = :confirmed_at_ms, exchange = cast(:exchange AS jsonb)
               WHERE order_id = :order_id"""
_VOID = "UPDATE tickets SET valid = false WHERE order_id = :old AND seat_id = 'A-1'"


@pytest.fixture
async def engine(database_url: DatabaseUrl) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url("orders"), application="test")
    yield engine
    await engine.dispose()


async def exchanged(engine: AsyncEngine) -> tuple[Order, Order]:
    """An order that gave A-1, and the one that has A-3 for it."""
    store = PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: None)
    async with Shop(World(CLOCK, store, RandomIds())) as shop:
        old = await shop.checked_out(await shop.ordered("A-1", "A-2"))
        shop.world.payments.pay(shop.payment(old))
        await shop.ended(old)
        given = ExchangeRequest(old.order_id, (LineRef(SHOW, "A-1"),))
        new = answered(await shop.try_ordered("A-3", name="new", exchange=given))
        answered(await shop.try_check_out(new, url=""))

        async def is_settled() -> None:
            exchange = (await shop.read(new)).exchange
            assert exchange is not None
            assert exchange.status is ExchangeStatus.DONE

        await eventually(is_settled)
        return await shop.read(old), await shop.read(new)


async def told(engine: AsyncEngine) -> dict[str, list[str]]:
    """By their names, the checks of exchanges that found something."""
    checks = await PostgresAudit(engine, CLOCK, overdue_ms=0).checks("")
    return {one.name: list(one.violations) for one in checks if "exchange" in one.name and one.violations}


async def test_orders_of_an_exchange_that_do_not_agree_are_told(engine: AsyncEngine) -> None:
    old, new = await exchanged(engine)
    assert await told(engine) == {}
    ids = {"old": old.order_id, "new": new.order_id}
    wrongs = {
        "of an exchange never both tickets are valid": (
            "UPDATE tickets SET valid = true WHERE order_id = :old AND seat_id = 'A-1'",
            f"order {new.order_id} has its tickets and seat A-1 of {old.order_id} lets in",
        ),
        "of an exchange never both tickets are lost": (
            "UPDATE orders SET confirmed_at_ms = 0 WHERE order_id = :new",
            f"order {old.order_id} gave for {new.order_id}, which never sold",
        ),
        "no ticket is kept for an exchange that is over": (
            """UPDATE orders SET exchange = jsonb_set(exchange, '{given,0,status}', '"OPEN"') WHERE order_id = :old""",
            f"order {old.order_id} keeps lines for {new.order_id}, which is over",
        ),
        "no order waits for too long for an exchange that has ended": (
            """UPDATE orders SET exchange = jsonb_set(exchange, '{of,status}', '"OPEN"') WHERE order_id = :new""",
            f"order {new.order_id} is CONFIRMED and its exchange is open",
        ),
    }
    for name, (wrong, words) in wrongs.items():
        async with connected(engine, HouseScope(HOUSE)) as connection:
            before = (await connection.execute(sa.text(_KEPT), ids)).all()
            await connection.execute(sa.text(wrong), {key: ids[key] for key in ids if f":{key}" in wrong})
        assert await told(engine) == {name: [f"house {HOUSE} {words}"]}
        async with connected(engine, HouseScope(HOUSE)) as connection:
            for row in before:
                await connection.execute(sa.text(_PUT_BACK), row._asdict())
            await connection.execute(sa.text(_VOID), {"old": old.order_id})
    assert await told(engine) == {}
