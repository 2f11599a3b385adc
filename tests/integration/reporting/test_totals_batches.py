"""Totals by the batch: what the fold says of the events one by one, in three statements a performance."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from itertools import pairwise

import pytest
from balcon.orders.v1.orders_events_pb2 import OrderLinesCancelled
from balcon.orders.v1.orders_service_pb2 import OrderLine
from google.protobuf.message import Message
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.adapters.event_facts import EventMalformed, fact_of
from services.reporting.adapters.postgres_read_model import PostgresReadModel
from services.reporting.adapters.projections.totals import apply
from services.reporting.domain.totals import CurrencyDiffers, OrderFigures, Totals, fold
from services.runtime.bus.topics import ORDERS
from services.runtime.ids import RandomIds
from services.runtime.outbox.application import EventFailed
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing.plans import statements_of
from tests.integration.reporting.sales_stage import (
    HOUSE,
    confirmed,
    counted,
    described,
    money,
    partly_refunded,
    refunded,
)

_EVERYWHERE = AllHouses("a batch is of many performances")
IDS = RandomIds()
ORDER_IDS = ("ord_1", "ord_2", "ord_3")


@pytest.fixture
async def engine(emptied_database_url: Callable[[str], str]) -> AsyncIterator[AsyncEngine]:
    made = create_engine(emptied_database_url("reporting"), application="test")
    yield made
    await made.dispose()


def incoming(performance_id: str, message: Message) -> IncomingEvent:
    name, payload = message.DESCRIPTOR.full_name, message.SerializeToString()
    return IncomingEvent(IDS.new_id("evt"), "test", ORDERS, performance_id, name, payload, 1, 1, HOUSE)


def told_of(performance_id: str, what: str, order_id: str, number: int) -> Message:
    match what:
        case "described":
            return described(performance_id, capacity=100 + number)
        case "counted":
            return counted(performance_id, 1, number, free=number)
        case "confirmed":
            return confirmed(order_id, performance_id, *"AAB"[: number % 3 + 1])
        case "partly":
            return partly_refunded(order_id, performance_id, 100 * number, total_minor=6_000)
        case "by line":
            lines = ("A", 60 * number), ("B", 40 * number)
            return partly_refunded(order_id, performance_id, 100 * number, total_minor=6_000, lines=lines)
        case "cancelled":
            return cancelled(order_id, performance_id)
        case _:
            return refunded(order_id, performance_id)


def cancelled(order_id: str, performance_id: str) -> OrderLinesCancelled:
    line = OrderLine(seat_id=f"{order_id}-0", category="A", ticket_type="normal", price=money(2_500))
    return OrderLinesCancelled(
        order_id=order_id, house_id=HOUSE, performance_id=performance_id, lines=[line], cancelled_at_ms=1_200
    )


steps = st.lists(
    st.tuples(
        st.sampled_from((0, 1)),
        st.sampled_from(
            ("described", "counted", "confirmed", "confirmed", "partly", "by line", "cancelled", "refunded")
        ),
        st.sampled_from(ORDER_IDS),
        st.integers(1, 9),
    ),
    max_size=14,
)


def expected(events: Sequence[IncomingEvent], performance_id: str) -> tuple[Totals, dict[str, OrderFigures]]:
    totals, orders = Totals(HOUSE, performance_id), dict[str, OrderFigures]()
    for event in events:
        fact = fact_of(event)
        if fact is not None and fact.performance_id == performance_id:
            totals, order = fold(totals, orders.get(getattr(fact, "order_id", "")), fact)
            if order is not None:
                orders[order.order_id] = order
    return totals, orders


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(told=[(0, "confirmed", "ord_1", 2), (0, "partly", "ord_1", 3), (0, "refunded", "ord_1", 1)], cuts=set())
@example(told=[(0, "confirmed", "ord_1", 2), (0, "by line", "ord_1", 3), (0, "by line", "ord_1", 4)], cuts={2})
@example(told=[(0, "confirmed", "ord_1", 2), (0, "cancelled", "ord_1", 1), (0, "refunded", "ord_1", 1)], cuts={2})
@given(told=steps, cuts=st.sets(st.integers(1, 13)))
async def test_a_batch_comes_to_what_its_events_come_to_one_by_one_however_it_is_cut(
    engine: AsyncEngine, told: list[tuple[int, str, str, int]], cuts: set[int]
) -> None:
    performances = IDS.new_id("prf"), IDS.new_id("prf")
    named = [(performances[place], what, order_id, number) for place, what, order_id, number in told]
    events = [incoming(one, told_of(one, what, order_id, number)) for one, what, order_id, number in named]
    for first, end in pairwise([0, *sorted(cuts), len(events)]):
        async with connected(engine, _EVERYWHERE) as connection:
            await apply(connection, 1, events[first:end])
    async with connected(engine, _EVERYWHERE) as connection:
        for performance_id in performances:
            found = await PostgresReadModel(connection, 1).load(HOUSE, performance_id, ORDER_IDS)
            assert found == expected(events, performance_id)


async def test_forty_orders_cost_three_statements_of_their_performance(engine: AsyncEngine) -> None:
    performance_id = IDS.new_id("prf")
    events = [incoming(performance_id, confirmed(f"ord_{number}", performance_id)) for number in range(40)]
    async with connected(engine, _EVERYWHERE) as connection:
        await apply(connection, 1, [incoming(performance_id, described(performance_id))])
    with statements_of(engine) as statements:
        async with connected(engine, _EVERYWHERE) as connection:
            await apply(connection, 1, events)
    assert len(statements) == 3
    async with connected(engine, _EVERYWHERE) as connection:
        totals, _ = await PostgresReadModel(connection, 1).load(HOUSE, performance_id, ())
    assert (totals.orders_confirmed, totals.sold) == (40, 40)


async def test_the_event_of_a_batch_that_cannot_be_counted_is_named(engine: AsyncEngine) -> None:
    performance_id = IDS.new_id("prf")
    good = incoming(performance_id, confirmed("ord_1", performance_id))
    foreign = incoming(performance_id, confirmed("ord_2", performance_id, currency="NOK"))
    malformed = incoming("another", confirmed("ord_3", performance_id))
    for bad, cause in ((foreign, CurrencyDiffers), (malformed, EventMalformed)):
        with pytest.raises(EventFailed) as failed:
            async with connected(engine, _EVERYWHERE) as connection:
                await apply(connection, 1, [good, good, bad, good])
        assert failed.value.index == 2
        assert isinstance(failed.value.cause, cause)
    async with connected(engine, _EVERYWHERE) as connection:
        totals, orders = await PostgresReadModel(connection, 1).load(HOUSE, performance_id, ["ord_1"])
    assert (totals.sold, orders) == (0, {})
