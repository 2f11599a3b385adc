"""Batches of order events: the same as one by one, the effect of none twice, and a broken one hurts no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from balcon.orders.v1 import orders_events_pb2 as wire
from google.protobuf.message import Message
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.customers.adapters.order_events import OrderActs, OrderEvents
from services.customers.ports.transaction import CustomersTransaction
from services.runtime.bus.memory_bus import MemoryBus
from services.runtime.bus.topics import ORDERS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.application import EventApplication
from services.runtime.outbox.consumer import EventConsumer, Patience
from services.runtime.outbox.event import IncomingEvent, OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.outbox.inbox import Inbox
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing import eventually
from services.runtime.testing.plans import read_through, statements_of
from tests.integration.outbox.stage import running

_EVERYWHERE = AllHouses("tests look at all houses")
CLOCK, IDS = SystemClock(), RandomIds()
# Of the house's customers: two who are there, one who became the first of them, one who was erased, and nobody.
PEOPLE = ("cus_ada", "cus_bob", "cus_merged", "cus_erased", "")
IS_NOW = {"cus_ada": "cus_ada", "cus_bob": "cus_bob", "cus_merged": "cus_ada"}
# Orders with ticks, and with answers in the form; the third left no trace.
TICKED, ANSWERED, PLAIN = ORDERS_OF = ("ord_ticked", "ord_answered", "ord_plain")
SHOWS = ("perf_1", "perf_2")
STEPS = (wire.OrderCreated, wire.OrderConfirmed, wire.OrderCancelled, wire.OrderLinesCancelled, wire.OrderRefunded)


@dataclass(slots=True)
class Acts:
    """Notes what it is told, and breaks where a test wants it to."""

    told: list[tuple[str, str, str]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    async def made(self, transaction: CustomersTransaction, order_id: str) -> None:
        self._note("made", transaction, order_id)

    async def paid(self, transaction: CustomersTransaction, order_id: str, paid_at_ms: int) -> None:
        self._note(f"paid at {paid_at_ms}", transaction, order_id)

    async def given_up(self, transaction: CustomersTransaction, order_id: str) -> None:
        self._note("given up", transaction, order_id)

    def _note(self, what: str, transaction: CustomersTransaction, order_id: str) -> None:
        if order_id in self.broken:
            raise ValueError(order_id)
        self.told.append((what, transaction.house_id, order_id))

    def handler(self) -> OrderEvents:
        acts = OrderActs(made=[self.made], paid=[self.paid], given_up=[self.given_up])
        return OrderEvents(CLOCK, IDS, Seal(["a secret of these tests"], owner="customers"), acts)


@pytest.fixture
async def engine(emptied_database_url: Callable[[str], str]) -> AsyncIterator[AsyncEngine]:
    made = create_engine(emptied_database_url("customers"), application="test", by_key=True)
    yield made
    await made.dispose()


async def open_house(engine: AsyncEngine, house_id: str) -> None:
    """With its people, and what two orders have left."""
    async with connected(engine, _EVERYWHERE) as connection:
        for person in ("cus_ada", "cus_bob"):
            await connection.execute(
                text("INSERT INTO customers VALUES (:house, :person, '', :person, :person, '', '', false, 1, 1)"),
                {"house": house_id, "person": person},
            )
        for sql in (
            "INSERT INTO merged_customers VALUES (:house, 'cus_merged', 'cus_ada', 1)",
            f"INSERT INTO order_ticks VALUES (:house, '{TICKED}', 'cns_1', 1, 'cus_ada', 1)",
            f"INSERT INTO form_answers VALUES (:house, '{ANSWERED}', 'cus_ada', '', 1)",
        ):
            await connection.execute(text(sql), {"house": house_id})


async def purchases(engine: AsyncEngine, house_id: str) -> list[tuple[str, str, str, int]]:
    columns, mine = "order_id, performance_id, customer_id, bought_at_ms", "house_id = :house ORDER BY 1, 2"
    wanted = f"SELECT {columns} FROM purchases WHERE {mine}"
    async with connected(engine, _EVERYWHERE) as connection:
        return [tuple(row) for row in await connection.execute(text(wanted), {"house": house_id})]


def incoming(house_id: str, message: Message, sequence: int = 1) -> IncomingEvent:
    name, payload = message.DESCRIPTOR.full_name, message.SerializeToString()
    return IncomingEvent(IDS.new_id("evt"), "test", ORDERS, "perf", name, payload, sequence, 1, house_id)


def confirmed(order_id: str, customer_id: str, at_ms: int = 5, show: str = SHOWS[0]) -> wire.OrderConfirmed:
    return wire.OrderConfirmed(order_id=order_id, performance_id=show, customer_id=customer_id, confirmed_at_ms=at_ms)


def _back(order_id: str) -> wire.OrderRefunded:
    return wire.OrderRefunded(order_id=order_id, performance_id=SHOWS[0])


messages = st.builds(
    lambda kind, order, show, person, number: (
        confirmed(order, person, number, show)
        if kind is wire.OrderConfirmed
        else kind(
            order_id=order,
            performance_id=show,
            **({"lines_left": number % 2} if kind is wire.OrderLinesCancelled else {}),
        )
    ),
    st.sampled_from(STEPS),
    st.sampled_from(ORDERS_OF),
    st.sampled_from(SHOWS),
    st.sampled_from(PEOPLE),
    st.integers(1, 9),
)


def expected(told: Sequence[Message]) -> tuple[list[tuple[str, str, str, int]], list[tuple[str, str]]]:
    """What is bought in the end, and what the orders with traces were told, by the events one at a time."""
    bought: dict[tuple[str, str], tuple[str, int]] = {}
    acts = []
    for one in told:
        if isinstance(one, wire.OrderConfirmed):
            if one.customer_id in IS_NOW:
                bought.setdefault((one.order_id, one.performance_id), (IS_NOW[one.customer_id], one.confirmed_at_ms))
            acts.append((f"paid at {one.confirmed_at_ms}", one.order_id))
        elif isinstance(one, wire.OrderCreated):
            acts.append(("made", one.order_id))
        elif isinstance(one, wire.OrderCancelled):
            acts.append(("given up", one.order_id))
        elif isinstance(one, wire.OrderRefunded) or (isinstance(one, wire.OrderLinesCancelled) and not one.lines_left):
            bought.pop((one.order_id, one.performance_id), None)
    return [(*place, *bought[place]) for place in sorted(bought)], [act for act in acts if act[1] != PLAIN]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(messages, max_size=12), cuts=st.sets(st.integers(1, 11)))
@example(told=[confirmed(PLAIN, "cus_ada"), _back(PLAIN)], cuts=set())
@example(told=[_back(PLAIN), confirmed(PLAIN, "cus_ada")], cuts=set())
@example(told=[confirmed(PLAIN, "cus_ada"), _back(PLAIN), confirmed(PLAIN, "cus_bob", 7)], cuts={1})
async def test_a_batch_has_the_effect_of_its_events_one_by_one_however_it_is_cut(
    engine: AsyncEngine, told: list[Message], cuts: set[int]
) -> None:
    house_id, acts = IDS.new_id("hou"), Acts()
    await open_house(engine, house_id)
    events, places = [incoming(house_id, one) for one in told], [0, *sorted(cuts), len(told)]
    handler = acts.handler()
    for first, end in pairwise(places):
        async with connected(engine, _EVERYWHERE) as connection:
            await handler(connection, events[first:end])
    bought, acted = expected(told)
    assert await purchases(engine, house_id) == bought
    assert [(what, order_id) for what, _, order_id in acts.told] == acted


async def test_one_batch_may_be_of_many_houses(engine: AsyncEngine) -> None:
    acts, events = Acts(), list[IncomingEvent]()
    for house_id in ("hou_1", "hou_2"):
        await open_house(engine, house_id)
        events += [incoming(house_id, confirmed(order_id, "cus_merged")) for order_id in (PLAIN, TICKED)]
    # Who is a customer of one house is nobody in another.
    events.append(incoming("hou_3", confirmed(PLAIN, "cus_ada")))
    async with connected(engine, _EVERYWHERE) as connection:
        await acts.handler()(connection, events)
    for house_id in ("hou_1", "hou_2"):
        assert [order for order, _, who, _ in await purchases(engine, house_id) if who == "cus_ada"] == [PLAIN, TICKED]
    assert await purchases(engine, "hou_3") == []
    assert acts.told == [("paid at 5", house_id, TICKED) for house_id in ("hou_1", "hou_2")]


async def test_orders_without_traces_cost_no_statement_each_and_no_whole_table_is_read(engine: AsyncEngine) -> None:
    """RULE 31 and the effect, in as many statements for forty orders as for one."""
    await open_house(engine, "hou_1")
    application = EventApplication(engine, Inbox("test"), Acts().handler(), CLOCK)

    def batch(orders: Sequence[int]) -> list[IncomingEvent]:
        told: list[Message] = [confirmed(f"ord_{one}", "cus_ada") for one in orders]
        told.append(wire.OrderRefunded(order_id=f"ord_{orders[0]}", performance_id=SHOWS[0]))
        return [incoming("hou_1", one, 2 * orders[0] + place - 1) for place, one in enumerate(told)]

    with statements_of(engine) as of_one:
        await application.apply(batch([1]))
    with statements_of(engine) as of_forty:
        await application.apply(batch(range(2, 42)))
    assert set(of_forty) >= set(of_one)
    assert len(of_forty) <= 7
    assert not await read_through(engine, of_forty, _EVERYWHERE)
    assert len(await purchases(engine, "hou_1")) == 39


async def test_a_broken_event_is_parked_alone_and_what_comes_twice_counts_once(engine: AsyncEngine) -> None:
    """Of each key one event, all in one batch: bytes that are no message, an act that breaks, and good ones."""
    await open_house(engine, "hou_1")
    acts, bus = Acts(broken={ANSWERED}), MemoryBus()
    await bus.create_topics({ORDERS: 1})
    keys = {
        "perf_a": confirmed(PLAIN, "cus_ada", show="perf_a").SerializeToString(),
        "perf_b": b"\xff\xff",
        "perf_c": confirmed(ANSWERED, "cus_ada", show="perf_c").SerializeToString(),
        "perf_d": confirmed(TICKED, "cus_bob", show="perf_d").SerializeToString(),
    }
    name = wire.OrderConfirmed.DESCRIPTOR.full_name
    batch = [
        to_message(
            OutgoingEvent(ORDERS, key, name, payload, "hou_1"), event_id=key, source="test", time_ms=1, sequence=1
        )
        for key, payload in keys.items()
    ]
    await bus.publish([*batch, *batch])
    consumer = EventConsumer(
        bus, engine, group="group", topics=[ORDERS], batch_handler=acts.handler(), clock=CLOCK, patience=Patience(2)
    )

    async def all_are_told() -> None:
        assert [order for order, *_ in await purchases(engine, "hou_1")] == [PLAIN, TICKED]
        assert sorted(one.place.key for one in await consumer.parked()) == ["perf_b", "perf_c"]

    async with running(consumer.run()):
        await eventually(all_are_told)
        assert acts.told == [("paid at 5", "hou_1", TICKED)]
        acts.broken.clear()
        assert await consumer.replay(ORDERS, "perf_c") == 1
    assert [order for order, *_ in await purchases(engine, "hou_1")] == [ANSWERED, PLAIN, TICKED]
    await bus.close()


async def test_what_somebody_buys_who_is_merged_at_this_moment_is_the_other_ones(engine: AsyncEngine) -> None:
    await open_house(engine, "hou_1")
    handler = Acts().handler()

    async def take_batch() -> None:
        async with connected(engine, _EVERYWHERE) as connection:
            await handler(connection, [incoming("hou_1", confirmed(PLAIN, "cus_bob"))])

    async def the_batch_waits() -> None:
        async with connected(engine, _EVERYWHERE) as connection:
            here = "datname = current_database() AND wait_event_type = 'Lock'"
            wanted = f"SELECT count(*) FROM pg_stat_activity WHERE {here}"
            assert (await connection.execute(text(wanted))).scalar_one() == 1

    async with connected(engine, _EVERYWHERE) as merge:
        await merge.execute(text("DELETE FROM customers WHERE house_id = 'hou_1' AND customer_id = 'cus_bob'"))
        await merge.execute(text("INSERT INTO merged_customers VALUES ('hou_1', 'cus_bob', 'cus_ada', 1)"))
        taking = asyncio.create_task(take_batch())
        await eventually(the_batch_waits)
    await taking
    assert await purchases(engine, "hou_1") == [(PLAIN, SHOWS[0], "cus_ada", 5)]
