"""One order, one crash: the process dies before or after every call it makes, and its successor ends the order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.orders.domain.commands import ActOnLines, RefundTerms
from services.orders.domain.order import CancelReason, Order, OrderState
from services.orders.domain.refunds import LineRef
from services.orders.handlers.order_desk import CheckOutWish
from services.orders.ports import Operation
from services.runtime.testing.virtual_time import run_virtual
from tests.simulation.orders.auditor import is_settled, orders_of
from tests.simulation.orders.faults import CrashAt, tapped
from tests.unit.orders.builders import SHOW, a_hold, a_key, a_request
from tests.unit.orders.rig import Shop, World, answered, ref_of

Story = Callable[[Shop, World], Awaitable[None]]
MAX_POINTS = 200


async def _checked_out(shop: Shop, world: World, ticket_type: str = "normal") -> Order:
    """Repeats itself with the same keys when it is told again by the next process."""
    if not orders_of(world.store) and world.inventory.is_free(SHOW, "A-1"):
        world.inventory.hold(SHOW, a_hold(until_ms=world.clock.now_ms() + 600_000))
    order = answered(await shop.desk.create(a_request("A-1", "A-2", ticket_type=ticket_type), a_key("create")))
    key = a_key("out", Operation.CHECK_OUT)
    out = await shop.desk.check_out(ref_of(order), CheckOutWish(order.total, "https://shop.example/"), key, 5.0)
    return answered(out)


async def _on_its_page(shop: Shop, order: Order) -> None:
    while shop.world.payments.of_order(order.order_id) is None:
        await shop.world.clock.sleep(0.5)


async def pays(shop: Shop, world: World) -> None:
    order = await _checked_out(shop, world)
    await _on_its_page(shop, order)
    world.payments.pay(shop.payment(order))
    assert (await shop.ended(order)).state is OrderState.CONFIRMED


async def is_free(shop: Shop, world: World) -> None:
    order = await _checked_out(shop, world, "free")
    assert (await shop.ended(order)).state is OrderState.CONFIRMED


async def is_declined(shop: Shop, world: World) -> None:
    order = await _checked_out(shop, world)
    await _on_its_page(shop, order)
    world.payments.decline(shop.payment(order))
    ended = await shop.ended(order)
    assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.PAYMENT_FAILED)


async def never_pays(shop: Shop, world: World) -> None:
    order = await _checked_out(shop, world)
    assert (await shop.ended(order)).state is OrderState.CANCELLED


async def pays_too_late(shop: Shop, world: World) -> None:
    """The seats are still there."""
    order = await _checked_out(shop, world)
    await shop.ended(order)
    world.payments.pay(shop.payment(order))
    while (await shop.read(order)).state is not OrderState.CONFIRMED:
        await world.clock.sleep(0.5)


async def pays_too_late_for_the_seats(shop: Shop, world: World) -> None:
    """Somebody else has them by then."""
    order = await _checked_out(shop, world)
    if (await shop.ended(order)).state is OrderState.CANCELLED and world.inventory.is_free(SHOW, "A-2"):
        far_ms = world.clock.now_ms() + 600_000_000
        world.inventory.hold(SHOW, a_hold("A-2", hold_id="other", holder_id="other", until_ms=far_ms))
        world.payments.pay(shop.payment(order))
    while (await shop.read(order)).state is not OrderState.REFUNDED:
        await world.clock.sleep(0.5)


async def cancels(shop: Shop, world: World) -> None:
    order = await _checked_out(shop, world)
    await shop.desk.cancel(ref_of(order), 2.0)
    assert (await shop.ended(order)).state is OrderState.CANCELLED


async def gives_up(shop: Shop, world: World) -> None:
    """Before the check-out: the hold goes back, wherever the process dies."""
    if not orders_of(world.store) and world.inventory.is_free(SHOW, "A-1"):
        world.inventory.hold(SHOW, a_hold(until_ms=world.clock.now_ms() + 600_000))
    order = answered(await shop.desk.create(a_request("A-1", "A-2"), a_key("create")))
    await shop.desk.cancel(ref_of(order), 2.0)
    ended = await shop.ended(order)
    assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.BUYER)
    assert world.inventory.is_free(SHOW, "A-1")


async def is_refunded(shop: Shop, world: World) -> None:
    order = await _checked_out(shop, world)
    await _on_its_page(shop, order)
    world.payments.pay(shop.payment(order))
    await shop.ended(order)
    answered(await shop.desk.refund(ref_of(order), "rain", a_key("refund", Operation.REFUND), 2.0))
    while (await shop.read(order)).state is not OrderState.REFUNDED or not world.inventory.is_free(SHOW, "A-1"):
        await world.clock.sleep(0.5)


async def gives_a_ticket_back(shop: Shop, world: World) -> None:
    """Ticket, seat and money of one line, wherever the process dies; the other lets in."""
    order = await _checked_out(shop, world)
    await _on_its_page(shop, order)
    world.payments.pay(shop.payment(order))
    await shop.ended(order)
    act = ActOnLines((LineRef(SHOW, "A-1"),), cancel=True, release=True, refund=RefundTerms())
    answered(await shop.desk.act(ref_of(order), act, a_key("act", Operation.REFUND_LINES), 2.0))
    while not world.inventory.is_free(SHOW, "A-1") or (await shop.read(order)).refunded.amount_minor != 2_500:
        await world.clock.sleep(0.5)
    left = await shop.read(order)
    assert (left.state, left.first.valid_seat_ids) == (OrderState.CONFIRMED, ("A-2",))


STORIES: tuple[Story, ...] = (
    pays,
    is_free,
    is_declined,
    never_pays,
    pays_too_late,
    pays_too_late_for_the_seats,
    cancels,
    gives_up,
    is_refunded,
    gives_a_ticket_back,
)


async def told_with_a_crash(story: Story, at: int | None) -> int:
    """Tells the story in a process that dies at a point, then in one that does not. Returns the points passed."""
    world = World()
    crash = CrashAt(at)
    doomed = Shop(
        world,
        inventory=lambda port: tapped(port, crash.tap),
        payments=lambda port: tapped(port, crash.tap),
        store=lambda port: tapped(port, crash.tap),
    )
    async with doomed:
        telling = asyncio.ensure_future(story(doomed, world))
        dying = asyncio.ensure_future(crash.dead.wait())
        await asyncio.wait({telling, dying}, return_when=asyncio.FIRST_COMPLETED)
        dying.cancel()
        if not crash.dead.is_set():
            await telling
        telling.cancel()
    if crash.dead.is_set():
        await asyncio.gather(telling, return_exceptions=True)
        async with Shop(world) as successor:
            await story(successor, world)
    is_settled(world)
    assert len(world.payments.payments()) <= 1
    return crash.passed


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_an_order_ends_right_wherever_the_process_dies(story: Story) -> None:
    points = run_virtual(told_with_a_crash(story, None))
    assert 4 < points < MAX_POINTS
    for at in range(points):
        run_virtual(told_with_a_crash(story, at), limit_seconds=3_600)
