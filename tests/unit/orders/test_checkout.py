"""The checkout saga without wires, in virtual time: the way from a hold to tickets, and the ways out of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from services.orders.domain.order import CancelReason, OrderState
from services.orders.domain.refusals import (
    OrderNotOpen,
    RequestInFlight,
)
from services.orders.handlers.saga_driver import DriverLimits
from services.orders.ports import Operation, SeatInventory, Unanswered
from services.runtime.clock import LoopClock
from services.runtime.errors import IdempotencyKeyReused, Overloaded
from services.runtime.testing.virtual_time import run_virtual
from tests.simulation.orders.faults import Call, tapped
from tests.unit.orders.builders import SHOW, a_key, a_request
from tests.unit.orders.rig import WINDOW_MS, Shop, World, answered, ref_of


def in_shop(story: Callable[[Shop], Awaitable[None]]) -> None:
    """Runs a story in one healthy process."""

    async def main() -> None:
        async with Shop(World()) as shop:
            await story(shop)

    run_virtual(main())


def test_a_paid_order_ends_with_a_ticket_for_each_seat() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1", "A-2"))
        assert order.state is OrderState.PAYING
        assert order.payment_url
        shop.world.payments.pay(shop.payment(order))
        confirmed = await shop.ended(order)
        assert confirmed.state is OrderState.CONFIRMED
        assert [ticket.seat_id for ticket in confirmed.tickets] == ["A-1", "A-2"]
        assert len({ticket.barcode for ticket in confirmed.tickets}) == 2
        assert shop.world.inventory.owner_of(SHOW, "A-1") == (order.order_id, "sold")

    in_shop(story)


def test_an_unpaid_order_is_cancelled_when_its_time_is_over_and_its_seats_are_free() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"))
        ended = await shop.ended(order)
        assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.UNPAID)
        assert ended.state_since_ms >= order.created_at_ms + WINDOW_MS
        assert shop.world.inventory.is_free(SHOW, "A-1")

    in_shop(story)


def test_a_declined_payment_frees_the_seats() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"))
        shop.world.payments.decline(shop.payment(order))
        ended = await shop.ended(order)
        assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.PAYMENT_FAILED)
        assert shop.world.inventory.is_free(SHOW, "A-1")

    in_shop(story)


def test_a_free_order_is_confirmed_without_a_payment() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1", ticket_type="free")
        await shop.checked_out(order)
        assert (await shop.ended(order)).state is OrderState.CONFIRMED
        assert not shop.world.payments.payments()

    in_shop(story)


def with_faults(
    story: Callable[[Shop], Awaitable[None]],
    *,
    inventory: Callable[[str, Call], Awaitable[object]] | None = None,
    payments: Callable[[str, Call], Awaitable[object]] | None = None,
) -> None:
    """Runs a story in a process whose neighbours stutter as told."""

    async def main() -> None:
        shop = Shop(
            World(),
            inventory=lambda port: tapped(port, inventory) if inventory else port,
            payments=lambda port: tapped(port, payments) if payments else port,
        )
        async with shop:
            await story(shop)

    run_virtual(main())


class Unheard:
    """The first `times` calls of `name` have their effect and no answer."""

    def __init__(self, name: str, times: int = 1, *, has_effect: bool = True) -> None:
        self.name = name
        self.left = times
        self.has_effect = has_effect

    async def __call__(self, name: str, call: Call) -> object:
        if name != self.name or self.left == 0:
            return await call()
        self.left -= 1
        if self.has_effect:
            await call()
        raise Unanswered(name)


def test_an_unanswered_claim_is_asked_again_and_never_taken_for_a_no() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"), seconds=5.0)
        assert order.state is OrderState.CLAIMING
        shop_order = await shop.desk.get(ref_of(order), 0)
        while answered(shop_order).state is OrderState.CLAIMING:
            await shop.world.clock.sleep(0.1)
            shop_order = await shop.desk.get(ref_of(order), 0)
        assert answered(shop_order).state is OrderState.PAYING

    with_faults(story, inventory=Unheard("claim", 3))


def test_an_unanswered_payment_is_created_once() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"))
        while (await shop.read(order)).state is not OrderState.PAYING:
            await shop.world.clock.sleep(0.1)
        assert len(shop.world.payments.payments()) == 1

    with_faults(story, payments=Unheard("create", 3))


def test_a_checkout_answers_claiming_when_its_time_is_over_and_the_saga_goes_on() -> None:
    async def slow(name: str, call: Call) -> object:
        if name == "claim":
            await LoopClock().sleep(3.0)
        return await call()

    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"), seconds=0.5)
        assert order.state is OrderState.CLAIMING
        await shop.world.clock.sleep(5.0)
        assert (await shop.read(order)).state is OrderState.PAYING

    with_faults(story, inventory=slow)


def test_seats_stay_claimed_while_the_cancel_is_not_confirmed() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"))
        await shop.world.clock.sleep(WINDOW_MS / 1000 + 30)
        assert (await shop.read(order)).state is OrderState.CANCELLING
        assert not shop.world.inventory.is_free(SHOW, "A-1")
        assert (await shop.ended(order, 3_600)).state is OrderState.CANCELLED
        assert shop.world.inventory.is_free(SHOW, "A-1")

    with_faults(story, payments=Unheard("cancel", 15, has_effect=False))


def test_a_success_found_by_the_cancel_confirms_the_order() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"))
        shop.world.payments.pay(shop.payment(order))
        shop.world.bus.clear()  # the event never comes
        cancelled = answered(await shop.desk.cancel(ref_of(order), 2.0))
        assert cancelled.state is OrderState.CONFIRMED

    in_shop(story)


def test_a_payment_whose_event_is_late_is_found_by_asking() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"))
        shop.world.payments.pay(shop.payment(order))
        shop.world.bus.clear()
        started = shop.world.clock.monotonic()
        assert (await shop.ended(order)).state is OrderState.CONFIRMED
        assert shop.world.clock.monotonic() - started < WINDOW_MS / 1000

    in_shop(story)


def test_a_success_between_the_freed_claim_and_its_lost_answer_claims_again() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"))
        answered(await shop.desk.cancel(ref_of(order), 0.05))
        assert (await shop.read(order)).state is OrderState.CANCELLING
        assert shop.world.inventory.is_free(SHOW, "A-1")
        shop.world.payments.pay(shop.payment(order))
        while (await shop.read(order)).state is not OrderState.CONFIRMED:
            await shop.world.clock.sleep(0.1)
        assert shop.world.inventory.owner_of(SHOW, "A-1") == (order.order_id, "sold")

    with_faults(story, inventory=Unheard("cancel_claim", 4))


def test_a_hold_that_was_extended_keeps_the_order_open() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        shop.world.inventory.extend_hold(SHOW, order.first.hold_id, order.first.hold_until_ms + 600_000)
        await shop.world.clock.sleep(900)
        assert (await shop.read(order)).state is OrderState.OPEN
        ended = await shop.ended(order, 900)
        assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.UNPAID)

    in_shop(story)


def test_an_open_order_outlives_an_inventory_that_does_not_answer() -> None:
    outage = Unheard("held_seats", 0, has_effect=False)

    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        outage.left = 1_000_000
        await shop.world.clock.sleep(900)
        assert (await shop.read(order)).state is OrderState.OPEN
        outage.left = 0
        assert (await shop.ended(order)).state is OrderState.CANCELLED

    with_faults(story, inventory=outage)


def test_the_same_check_out_twice_is_answered_alike() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        first = await shop.checked_out(order, key="out")
        assert await shop.checked_out(order, key="out") == first
        assert len(shop.world.payments.payments()) == 1

    in_shop(story)


def test_another_key_does_not_check_out_again() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        await shop.checked_out(order, key="out")
        assert isinstance(await shop.try_check_out(order, key="other"), OrderNotOpen)

    in_shop(story)


def test_a_key_with_other_content_is_refused() -> None:
    async def story(shop: Shop) -> None:
        await shop.ordered("A-1")
        other = await shop.desk.create(a_request("A-2"), a_key("create_1", content="other"))
        assert isinstance(other, IdempotencyKeyReused)

    in_shop(story)


def test_a_key_whose_first_request_is_at_work_is_refused_for_now() -> None:
    async def slow(name: str, call: Call) -> object:
        await LoopClock().sleep(1.0)
        return await call()

    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        first = asyncio.create_task(shop.try_check_out(order, key="out"))
        await shop.world.clock.sleep(0.5)
        assert isinstance(await shop.try_check_out(order, key="out"), RequestInFlight)
        assert answered(await first).state in {OrderState.CLAIMING, OrderState.PAYING}

    with_faults(story, inventory=slow)


def test_a_replayed_create_is_answered_although_its_hold_is_gone() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"))
        again = answered(await shop.desk.create(a_request("A-1"), a_key("create_1")))
        assert (again.order_id, again.state) == (order.order_id, OrderState.PAYING)

    in_shop(story)


def test_a_refund_gives_money_back_first_and_seats_second() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"))
        shop.world.payments.pay(shop.payment(order))
        await shop.ended(order)
        key = a_key("refund", Operation.REFUND)
        refunded = answered(await shop.desk.refund(ref_of(order), "rain", key, 2.0))
        assert refunded.state is OrderState.REFUNDED
        assert shop.payment(order).refunded
        assert shop.world.inventory.is_free(SHOW, "A-1")
        assert answered(await shop.desk.refund(ref_of(order), "rain", key, 2.0)).state is OrderState.REFUNDED

    in_shop(story)


def test_more_checkouts_than_the_limit_are_refused_with_a_delay() -> None:
    async def main() -> None:
        async def stuck(name: str, call: Call) -> object:
            await LoopClock().sleep(60.0)
            return await call()

        def slow(port: SeatInventory) -> SeatInventory:
            return tapped(port, stuck)

        async with Shop(World(), limits=DriverLimits(inline=1)) as healthy:
            first, second = await healthy.ordered("A-1", name="1"), await healthy.ordered("B-1", name="2")
            async with Shop(healthy.world, inventory=slow, limits=DriverLimits(inline=1)) as shop:
                await shop.try_check_out(first, seconds=0.1)
                assert isinstance(await shop.try_check_out(second), Overloaded)

    run_virtual(main())
