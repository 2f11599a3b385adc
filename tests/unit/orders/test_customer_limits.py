"""How many tickets of a performance one customer may have, over all orders that live and however many sessions."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

from services.orders.adapters.memory_order_store import MemoryOrderStore
from services.orders.domain.order import Order
from services.orders.domain.refusals import CustomerLimitReached
from services.orders.domain.uses import CountedUse, customer_use, is_of_a_customer, without_discounts, without_tickets
from services.orders.ports import Buyer, Operation
from services.runtime.errors import Refusal
from tests.unit.orders.builders import NEXT_SHOW, SHOW, a_key, an_offer
from tests.unit.orders.evenings import ask, ordered, put, three_evenings, wish
from tests.unit.orders.rig import Shop, World, ref_of


def limited(limit: int = 4) -> World:
    world = three_evenings()
    for show in (SHOW, NEXT_SHOW):
        put(world, replace(an_offer(), performance_id=show, customer_limit=limit))
    return world


def counts(world: World) -> Counter[int]:
    store = world.store
    assert isinstance(store, MemoryOrderStore)
    return Counter(count for (_, name), count in store.used.items() if is_of_a_customer(name))


async def test_a_customer_has_no_more_tickets_of_a_performance_than_the_house_allows_and_is_told_both() -> None:
    async with Shop(limited()) as shop:
        await ordered(shop, (SHOW, ("A-1", "A-2", "A-3")), name="1")
        refusal = await ask(shop, wish(shop.world, [(SHOW, ("A-5", "A-6"))], "2"), "2")
        assert refusal == CustomerLimitReached("performance", SHOW, limit=4, has=3, wanted=2)
        assert refusal.message() == ("A customer has at most 4 of performance perf_1: 3 are taken, 2 are wanted.")
        await ordered(shop, (SHOW, ("A-7",)), name="3")


async def test_each_performance_is_counted_by_itself_and_one_that_has_no_limit_is_not() -> None:
    async with Shop(limited(2)) as shop:
        order = await ordered(shop, (SHOW, ("A-1", "A-2")), (NEXT_SHOW, ("A-1",)), ("perf_3", ("B-1", "B-2", "B-3")))
        assert order.uses == (
            customer_use(order.customer_id, SHOW, 2, 2),
            customer_use(order.customer_id, NEXT_SHOW, 1, 2),
        )
        refusal = await ask(shop, wish(shop.world, [(NEXT_SHOW, ("A-5", "A-6")), ("perf_3", ("A-5",))], "2"), "2")
        assert refusal == CustomerLimitReached("performance", NEXT_SHOW, limit=2, has=1, wanted=2)


async def test_somebody_else_has_a_limit_of_their_own() -> None:
    async with Shop(limited(1)) as shop:
        await ordered(shop, (SHOW, ("A-1",)), name="1")
        request = wish(shop.world, [(SHOW, ("A-3",))], "2")
        other = await ask(shop, replace(request, buyer=Buyer("Bo", "bo@example.org")), "2")
        assert isinstance(other, Order)


async def test_tickets_of_an_order_that_is_cancelled_or_refunded_come_back() -> None:
    async with Shop(limited(2)) as shop:
        first = await ordered(shop, (SHOW, ("A-1", "A-2")), name="1")
        await shop.desk.cancel(ref_of(first), 1.0)
        assert counts(shop.world)[2] == 0
        second = await ordered(shop, (SHOW, ("A-3", "A-4")), name="2")
        await shop.checked_out(second)
        shop.world.payments.pay(shop.payment(second))
        await shop.ended(second)
        refusal = await ask(shop, wish(shop.world, [(SHOW, ("A-5",))], "3"), "3")
        assert isinstance(refusal, CustomerLimitReached)
        key = a_key("refund", Operation.REFUND)
        await shop.desk.refund(ref_of(second), "rain", key, 2.0)
        await ordered(shop, (SHOW, ("A-7", "A-8")), name="4")


async def test_many_sessions_of_one_customer_at_once_get_no_more() -> None:
    async with Shop(limited(3)) as shop:
        wishes = [wish(shop.world, [(SHOW, (f"A-{seat}",))], f"s{seat}") for seat in range(1, 9)]
        answers = await asyncio.gather(*(ask(shop, one, f"s{place}") for place, one in enumerate(wishes)))
        assert sum(not isinstance(one, Refusal) for one in answers) == 3


def test_an_order_that_gives_single_tickets_back_lets_its_customer_have_others() -> None:
    code = CountedUse("code:SPRING", 3, 5)
    uses = (code, customer_use("cus_1", SHOW, 3, 4), customer_use("cus_1", NEXT_SHOW, 1, 4))
    assert without_tickets(uses, {SHOW: 2}) == (
        code,
        customer_use("cus_1", SHOW, 1, 4),
        customer_use("cus_1", NEXT_SHOW, 1, 4),
    )


def test_a_limited_discount_is_counted_back_by_the_lines_that_used_it() -> None:
    """The code before a discount goes with it; another discount's lines, and passes, are left alone."""
    spring, code = CountedUse("discount:spring", 3, 5), CountedUse("code:SPRING", 3, 5)
    others = (
        CountedUse("discount:own", 2, 9),
        CountedUse("pass:cjp:show:key", 1, 1),
        customer_use("cus_1", SHOW, 5, 9),
    )
    uses = (code, spring, *others)
    assert without_discounts(uses, {"spring": 2}) == (
        CountedUse("code:SPRING", 1, 5),
        CountedUse("discount:spring", 1, 5),
        *others,
    )
    assert without_discounts(uses, {"own": 2, "other": 1}) == (
        code,
        spring,
        CountedUse("discount:own", 0, 9),
        *others[1:],
    )
    assert without_discounts(uses, {}) == uses
