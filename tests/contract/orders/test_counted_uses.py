"""The OrderStore's contract for uses that are limited: counted with the order, given back with its death, no more."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from services.orders.domain import commands
from services.orders.domain.order import LineDiscount, Order, OrderState
from services.orders.domain.refunds import LineRef
from services.orders.domain.refusals import UsesExhausted
from services.orders.domain.uses import CountedUse, customer_use
from services.orders.ports import Operation, OrderStore
from tests.contract.orders.stored import FAR_MS, added, check_out, confirmed, ref_of, walked
from tests.unit.orders.builders import HOUSE, SHOW, a_key, an_order

LIMIT = 3


def an_order_with_uses(number: int, *, count: int = 1, limit: int = LIMIT) -> Order:
    uses = (CountedUse("discount:spring", count, 100), CountedUse("code:SPRING", count, limit))
    return an_order(order_id=f"ord_{number}", seats=(f"A-{number}",), uses=uses)


async def tried(store: OrderStore, order: Order) -> object:
    return await store.add(order, a_key(f"key_{order.order_id}"), FAR_MS)


async def test_uses_and_discounts_are_read_as_they_were_stored(store: OrderStore) -> None:
    order = an_order_with_uses(1)
    line = replace(order.lines[0], discount=LineDiscount("spring", 500, "Office"))
    order = replace(order, parts=(replace(order.first, lines=(line,)),))
    await added(store, order)
    assert await store.get(ref_of(order)) == order


async def test_what_is_used_up_is_refused_and_leaves_nothing_behind(store: OrderStore) -> None:
    await added(store, an_order_with_uses(1, count=2))
    refused = an_order_with_uses(2, count=2)
    assert await tried(store, refused) == UsesExhausted("code:SPRING", 1, 2)
    assert await store.get(ref_of(refused)) is None
    assert await store.find_key(HOUSE, Operation.CREATE, "key_ord_2") is None
    await added(store, an_order_with_uses(3), key="key_3")
    assert await tried(store, an_order_with_uses(4)) == UsesExhausted("code:SPRING", 0, 1)
    assert await tried(store, an_order_with_uses(5, count=101, limit=0)) == UsesExhausted("discount:spring", 97, 101)


async def test_an_order_that_is_cancelled_gives_its_uses_back_once(store: OrderStore) -> None:
    order = await added(store, an_order_with_uses(1, count=LIMIT))
    cancelled = await walked(store, order, commands.CancelOrder(), commands.HoldLetGo())
    assert cancelled.state is OrderState.CANCELLED
    await added(store, an_order_with_uses(2, count=LIMIT), key="key_2")
    assert await tried(store, an_order_with_uses(3)) == UsesExhausted("code:SPRING", 0, 1)


async def test_an_order_that_is_refunded_gives_its_uses_back(store: OrderStore) -> None:
    order = await confirmed(store, an_order_with_uses(1, count=LIMIT))
    assert await tried(store, an_order_with_uses(2)) == UsesExhausted("code:SPRING", 0, 1)
    await walked(store, order, commands.RefundOrder("rain"))
    assert await tried(store, an_order_with_uses(3)) == UsesExhausted("code:SPRING", 0, 1)
    await walked(store, order, commands.PaymentRefunded("pay_1"))
    await added(store, an_order_with_uses(4, count=LIMIT), key="key_4")


async def test_single_tickets_that_go_back_give_their_customer_as_many_others_and_nothing_twice(
    store: OrderStore,
) -> None:
    uses = (CountedUse("code:SPRING", 2, 100), customer_use("cus_1", SHOW, 2, 2))
    order = await confirmed(store, an_order(order_id="ord_1", seats=("A-1", "A-2"), uses=uses))
    back = commands.ActOnLines((LineRef(SHOW, "A-1"),), cancel=True)
    order = await walked(store, order, back, back)
    assert order.uses == (uses[0], customer_use("cus_1", SHOW, 1, 2))
    assert await store.get(ref_of(order)) == order

    def another(number: int, count: int) -> Order:
        return an_order(order_id=f"ord_{number}", seats=(f"B-{number}",), uses=(customer_use("cus_1", SHOW, count, 2),))

    await added(store, another(2, 1), key="key_2")
    assert await tried(store, another(3, 1)) == UsesExhausted(uses[1].counted_id, 0, 1)
    await walked(store, order, commands.RefundOrder("rain"), commands.PaymentRefunded("pay_1"))
    assert await tried(store, another(4, 2)) == UsesExhausted(uses[1].counted_id, 1, 2)
    await added(store, another(5, 1), key="key_5")


async def test_an_order_that_is_paid_after_its_death_has_its_uses_again_whatever_the_limit(store: OrderStore) -> None:
    order = await added(store, an_order_with_uses(1, count=LIMIT))
    order = await walked(
        store,
        order,
        check_out(order),
        commands.SeatsClaimed(),
        commands.PaymentPending("pay_1", "https://pay.example/1"),
        commands.PaymentFailed("pay_1"),
        commands.SeatsFreed(),
    )
    assert order.state is OrderState.CANCELLED
    other = await added(store, an_order_with_uses(2, count=LIMIT), key="key_2")
    late = await walked(store, order, commands.PaymentSucceeded("pay_1"))
    assert late.state is OrderState.PAID
    # Twice the limit is had; what the other gives back is nobody's yet.
    await walked(store, other, commands.CancelOrder(), commands.HoldLetGo())
    assert await tried(store, an_order_with_uses(3)) == UsesExhausted("code:SPRING", 0, 1)


async def test_of_many_orders_at_once_no_more_than_the_limit_have_the_code(store: OrderStore) -> None:
    answers = await asyncio.gather(*(tried(store, an_order_with_uses(number)) for number in range(12)))
    assert sum(answer is None for answer in answers) == LIMIT
    assert all(answer is None or isinstance(answer, UsesExhausted) for answer in answers)
