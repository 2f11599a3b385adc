"""What a sale waits for, and what is heard of it, is looked up by key, whatever the planner knows of the tables."""

from __future__ import annotations

from collections.abc import Sequence

from balcon.orders.v1 import orders_events_pb2 as wire
from google.protobuf.message import Message
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.email_addresses import EmailAddress
from services.customers.adapters.order_events import OrderActs, OrderEvents
from services.customers.adapters.postgres_customers import PostgresCustomers
from services.customers.domain.house import House
from services.customers.handlers.house_keeper import HouseKeeper
from services.customers.handlers.identities import Buyer, IdentityHandler
from services.runtime.bus.topics import ORDERS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.event import IncomingEvent
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing.plans import read_through, statements_of
from services.runtime.testing.servers import DatabaseUrl

HOUSE, SHOW = "hou_1", "perf_1"
CLOCK, IDS = SystemClock(), RandomIds()
SEAL = Seal(["a secret of these tests"], owner="customers")
EVERYTHING = AllHouses("the test asks how statements are run")
# One house's, in a table that nobody has analysed: to the planner, two of its customers are as good as one.
PEOPLE = 3_000


class NoHouses:
    """Is not asked: nobody ticks anything."""

    async def house(self, house_id: str) -> House | None:
        raise AssertionError(house_id)


async def fill(engine: AsyncEngine) -> None:
    """Customers of one house, who have all bought for one performance."""
    people = "SELECT :house, 'cus_' || n, '', 'a' || n, 'a' || n, '', '', false, n, 1 FROM generate_series(1, :count) n"
    bought = "SELECT :house, 'ord_' || n, :show, 'cus_' || n, n FROM generate_series(1, :count) n"
    async with connected(engine, EVERYTHING) as connection:
        values = {"house": HOUSE, "count": PEOPLE}
        await connection.execute(text(f"INSERT INTO customers {people}"), values)
        await connection.execute(text(f"INSERT INTO purchases {bought}"), values | {"show": SHOW})


def buyers(names: Sequence[str]) -> list[Buyer]:
    return [Buyer(ref=f"ord_of_{name}", email=EmailAddress(name, name)) for name in names]


async def test_buyers_are_found_by_their_addresses_and_not_among_all_of_the_house(database_url: DatabaseUrl) -> None:
    engine = create_engine(database_url("customers"), application="test")
    store = PostgresCustomers(engine, clock=CLOCK, ids=IDS, seal=SEAL, wake=lambda: None)
    identities = IdentityHandler(store, HouseKeeper(store, NoHouses()), IDS)
    try:
        await fill(engine)
        with statements_of(engine) as statements:
            found = await identities.identify(HOUSE, buyers(["a1", "a2", "b1", "a1"]))
        assert [found[place] for place in (0, 1, 3)] == ["cus_1", "cus_2", "cus_1"]
        assert len(statements) == 2
        assert not await read_through(engine, statements, EVERYTHING)
    finally:
        await engine.dispose()


async def test_what_is_bought_and_given_back_is_found_by_order_and_customer(database_url: DatabaseUrl) -> None:
    engine = create_engine(database_url("customers"), application="test", by_key=True)
    handler = OrderEvents(CLOCK, IDS, SEAL, OrderActs(made=[], paid=[], given_up=[]))
    told: list[Message] = [
        wire.OrderConfirmed(order_id="ord_new", performance_id=SHOW, customer_id="cus_1", confirmed_at_ms=1),
        wire.OrderRefunded(order_id="ord_1", performance_id=SHOW),
    ]
    try:
        await fill(engine)
        with statements_of(engine) as statements:
            async with connected(engine, EVERYTHING) as connection:
                await handler(connection, [_incoming(one) for one in told])
        assert len(statements) == 4
        assert not await read_through(engine, statements, EVERYTHING)
    finally:
        await engine.dispose()


def _incoming(message: Message) -> IncomingEvent:
    name, payload = message.DESCRIPTOR.full_name, message.SerializeToString()
    return IncomingEvent(IDS.new_id("evt"), "test", ORDERS, SHOW, name, payload, 1, 1, HOUSE)
