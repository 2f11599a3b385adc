"""Groups of orders in Postgres: one transaction for many, one by one where one of them is refused, and no circles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.domain import changes, commands
from services.orders.domain.order import Order, OrderState, PaymentStatus, SeatStatus, Ticket
from services.orders.domain.refusals import HoldHasOrder
from services.orders.domain.steps import Timing
from services.orders.domain.transitions import apply_all
from services.orders.handlers.acting import act_on
from services.orders.ports import Act, Acted, Changed, KeyInRecord, OrderRef
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing.servers import DatabaseUrl
from tests.unit.orders.builders import NOW_MS, a_key, an_order

CLOCK = SystemClock()
COUNT = 12
EVERYTHING = AllHouses("the test looks at what was written")


@pytest.fixture
async def engine(database_url: DatabaseUrl) -> AsyncIterator[AsyncEngine]:
    """Of an empty record."""
    engine = create_engine(database_url("orders"), application="test")
    yield engine
    await engine.dispose()


def a_store(engine: AsyncEngine) -> PostgresOrderStore:
    return PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: None)


def ref_of(order: Order) -> OrderRef:
    return OrderRef(order.house_id, order.order_id)


def numbered(number: int, **changed: object) -> Order:
    return an_order(order_id=f"ord_{number}", seats=(f"A-{number}",), **changed)  # type: ignore[arg-type]


def checking_out(order: Order) -> Act:
    until_ms = CLOCK.now_ms() + 3_600_000
    return act_on(commands.CheckOut(order.total, "https://shop.example/", until_ms), CLOCK, Timing())


def confirming(ticket_id: str, seat_id: str) -> Act:
    """As if everything had gone well so far."""

    def act(order: Order) -> Acted:
        made = changes.OrderConfirmed((Ticket(ticket_id, seat_id, f"code_{ticket_id}"),), NOW_MS)
        sold = tuple(replace(part, seats=SeatStatus.SOLD) for part in order.parts)
        return Acted(apply_all(replace(order, payment=PaymentStatus.CAPTURED, parts=sold), (made,)), (made,), None)

    return act


async def add_all(store: PostgresOrderStore, orders: Sequence[Order]) -> None:
    added = await asyncio.gather(*(store.add(one, a_key(f"key_{one.order_id}"), NOW_MS) for one in orders))
    assert added == [None] * len(orders)


async def transactions(engine: AsyncEngine, table: str) -> int:
    """How many have written the rows that there are."""
    async with connected(engine, EVERYTHING) as connection:
        return int((await connection.execute(text(f"SELECT count(DISTINCT xmin::text) FROM {table}"))).scalar_one())


async def test_what_is_asked_at_once_is_one_transaction(engine: AsyncEngine) -> None:
    store, orders = a_store(engine), [numbered(number) for number in range(COUNT)]
    await add_all(store, orders)
    assert [await transactions(engine, table) for table in ("orders", "order_parts", "outbox")] == [1, 1, 1]
    await asyncio.gather(*(store.change(ref_of(one), checking_out(one)) for one in orders))
    assert [await transactions(engine, table) for table in ("orders", "order_parts")] == [1, 1]
    read = await asyncio.gather(*(store.get(ref_of(one)) for one in orders))
    assert [one and one.state for one in read] == [OrderState.CLAIMING] * COUNT


async def test_a_seat_with_a_ticket_keeps_its_order_from_being_confirmed_and_no_other(engine: AsyncEngine) -> None:
    store, orders = a_store(engine), [numbered(number) for number in range(4)]
    # Of a seat that another of them has too.
    orders[2] = an_order(order_id="ord_2", seats=("A-1",))
    await add_all(store, orders)
    acts = [confirming(f"t{number}", "A-1" if number == 2 else f"A-{number}") for number in range(4)]
    answers = await asyncio.gather(
        *(store.change(ref_of(one), act) for one, act in zip(orders, acts, strict=True)), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [Changed, Changed, IntegrityError, Changed]
    read = await asyncio.gather(*(store.get(ref_of(one)) for one in orders))
    states = [one and one.state for one in read]
    assert states == [OrderState.CONFIRMED, OrderState.CONFIRMED, OrderState.OPEN, OrderState.CONFIRMED]


async def test_of_two_orders_of_one_hold_asked_at_once_the_first_has_it_and_the_keys_tell(engine: AsyncEngine) -> None:
    store = a_store(engine)
    first, second = numbered(1, hold_id="hold"), numbered(2, hold_id="hold")
    answers = tuple(
        await asyncio.gather(
            store.add(first, a_key("one"), NOW_MS),
            store.add(second, a_key("two"), NOW_MS),
            store.add(numbered(3, hold_id="hold"), a_key("one"), NOW_MS),
        )
    )
    assert answers == (None, HoldHasOrder("hold", "ord_1", "OPEN"), KeyInRecord(a_key("one").request_hash, "ord_1", 0))
    key = a_key("two")
    assert await store.find_key(key.house_id, key.operation, key.key) is None, "it led to nothing"


async def test_processes_whose_groups_meet_on_orders_asked_in_any_order_never_wait_in_a_circle(
    engine: AsyncEngine,
) -> None:
    stores, orders = [a_store(engine) for _ in range(4)], [numbered(number) for number in range(COUNT)]
    await add_all(stores[0], orders)
    for _ in range(3):
        asked = [
            store.change(ref_of(one), checking_out(one))
            for place, store in enumerate(stores)
            for one in (orders if place % 2 else reversed(orders))
        ]
        answers = await asyncio.gather(*asked)
        assert all(answer is not None for answer in answers)
    read = await asyncio.gather(*(stores[0].get(ref_of(one)) for one in orders))
    assert {one.state for one in read if one is not None} == {OrderState.CLAIMING}
