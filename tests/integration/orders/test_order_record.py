"""An order's change and its event are stored together or not at all (RULE 29): either takes the other along."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.domain import commands
from services.orders.domain.order import OrderState
from services.orders.domain.steps import Timing
from services.orders.handlers.acting import act_on
from services.orders.ports import Operation, OrderRef
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import HouseScope
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.unit.orders.builders import HOUSE, NOW_MS, a_key, an_order

CLOCK = SystemClock()
ORDER = an_order()
REF = OrderRef(ORDER.house_id, ORDER.order_id)

NO_EVENT = "ALTER TABLE outbox ADD CONSTRAINT no_event CHECK (false) NOT VALID"
NO_COMMIT = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$",
    "CREATE CONSTRAINT TRIGGER no_commit AFTER INSERT OR UPDATE ON orders DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION refuse()",
)


@pytest.fixture
async def engine(database_url: DatabaseUrl) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url("orders"), application="test")
    yield engine
    await engine.dispose()


async def run(engine: AsyncEngine, *statements: str) -> None:
    async with as_owner(engine).begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def events(engine: AsyncEngine) -> list[str]:
    async with as_owner(engine).connect() as connection:
        return [row.type.rsplit(".", 1)[1] for row in await connection.execute(text("SELECT type FROM outbox"))]


async def ended(store: PostgresOrderStore) -> None:
    await store.change(REF, act_on(commands.HoldGone(), CLOCK, Timing()))


async def test_an_order_is_stored_with_its_events(engine: AsyncEngine) -> None:
    told: list[str] = []
    store = PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: told.append("committed"))
    assert await store.add(ORDER, a_key("key_1"), NOW_MS) is None
    await ended(store)
    assert await events(engine) == ["OrderCreated", "OrderCancelled"]
    assert told == ["committed"] * 2


async def test_the_relay_is_woken_after_the_commit_of_whoever_changes_an_order_within_a_transaction_of_its_own(
    engine: AsyncEngine,
) -> None:
    """As the consumer of payments' events does."""
    told: list[str] = []
    store = PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: told.append("committed"))
    await store.add(ORDER, a_key("key_1"), NOW_MS)
    told.clear()
    with pytest.raises(KeyError):
        async with connected(engine, HouseScope(ORDER.house_id)) as connection:
            await store.change_within(connection, REF, act_on(commands.HoldGone(), CLOCK, Timing()))
            raise KeyError
    assert told == []
    async with connected(engine, HouseScope(ORDER.house_id)) as connection:
        await store.change_within(connection, REF, act_on(commands.HoldGone(), CLOCK, Timing()))
        assert told == []
    assert told == ["committed"]


async def test_no_order_and_no_change_is_stored_whose_event_cannot_be(engine: AsyncEngine) -> None:
    told: list[str] = []
    store = PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: told.append("committed"))
    assert await store.add(ORDER, a_key("key_1"), NOW_MS) is None
    await run(engine, NO_EVENT)
    with pytest.raises(SQLAlchemyError):
        await ended(store)
    kept = await store.get(REF)
    assert kept is not None
    assert kept.state is OrderState.OPEN
    other = an_order(order_id="ord_2")
    with pytest.raises(SQLAlchemyError):
        await store.add(other, a_key("key_2"), NOW_MS)
    assert await store.get(OrderRef(HOUSE, other.order_id)) is None
    assert await store.find_key(HOUSE, Operation.CREATE, "key_2") is None
    assert told == ["committed"]


async def test_no_event_is_stored_of_an_order_or_a_change_that_cannot_be(engine: AsyncEngine) -> None:
    store = PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: None)
    assert await store.add(ORDER, a_key("key_1"), NOW_MS) is None
    await run(engine, *NO_COMMIT)
    with pytest.raises(SQLAlchemyError):
        await ended(store)
    with pytest.raises(SQLAlchemyError):
        await store.add(an_order(order_id="ord_2"), a_key("key_2"), NOW_MS)
    assert await events(engine) == ["OrderCreated"]
