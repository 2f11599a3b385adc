"""An open order and its hold, in virtual time: given up, moved, extended, shared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from services.contracts.reasons import Reason
from services.orders.domain.order import CancelReason, OrderState, SeatStatus
from services.orders.domain.refusals import HoldExpired, HoldHasOrder, SeatsNotHeld
from services.orders.ports import Declined, HeldSeats, Unanswered
from services.runtime.testing.virtual_time import run_virtual
from tests.simulation.orders.faults import Call, tapped
from tests.unit.orders.builders import SHOW, a_hold, a_key, a_request
from tests.unit.orders.rig import TIMING, Shop, World, answered, ref_of

Tap = Callable[[str, Call], Awaitable[object]]


async def _plainly(_name: str, call: Call) -> object:
    return await call()


def in_shop(story: Callable[[Shop], Awaitable[None]], inventory: Tap = _plainly) -> None:
    """Runs a story in one process whose inventory answers as told."""

    async def main() -> None:
        async with Shop(World(), inventory=lambda port: tapped(port, inventory)) as shop:
            await story(shop)

    run_virtual(main())


class Away:
    """Inventory does not answer calls of these names while `is_away`. With `has_effect` only its answers are lost."""

    def __init__(self, *names: str, has_effect: bool = False) -> None:
        self.is_away = True
        self._names = names
        self._has_effect = has_effect

    async def __call__(self, name: str, call: Call) -> object:
        if name not in self._names or not self.is_away:
            return await call()
        if self._has_effect:
            await call()
        raise Unanswered(name)


def test_a_cancelled_open_order_gives_its_seats_back_at_once() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        cancelled = answered(await shop.desk.cancel(ref_of(order), 2.0))
        assert (cancelled.state, cancelled.cancel_reason) == (OrderState.CANCELLED, CancelReason.BUYER)
        assert shop.world.inventory.is_free(SHOW, "A-1")

    in_shop(story)


def test_the_seats_of_a_cancelled_open_order_are_given_back_when_inventory_answers_again() -> None:
    away = Away("release")

    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        assert answered(await shop.desk.cancel(ref_of(order), 2.0)).state is OrderState.CANCELLING
        await shop.world.clock.sleep(60)
        assert (await shop.read(order)).state is OrderState.CANCELLING
        away.is_away = False
        assert (await shop.ended(order, 60.0)).state is OrderState.CANCELLED
        assert shop.world.inventory.is_free(SHOW, "A-1")

    in_shop(story, away)


def test_a_release_whose_answer_is_lost_is_no_release_that_failed() -> None:
    away = Away("release", has_effect=True)

    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        assert answered(await shop.desk.cancel(ref_of(order), 0.01)).state is OrderState.CANCELLING
        other = await shop.ordered("A-1", name="2")
        away.is_away = False
        assert (await shop.ended(order, 60.0)).state is OrderState.CANCELLED
        assert (await shop.read(other)).state is OrderState.OPEN
        assert not shop.world.inventory.is_free(SHOW, "A-1")

    in_shop(story, away)


def test_a_hold_that_was_moved_stays_with_its_buyer_when_the_order_is_cancelled() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        shop.world.inventory.move_hold(SHOW, order.first.hold_id, "A-4")
        assert answered(await shop.desk.cancel(ref_of(order), 2.0)).state is OrderState.CANCELLED
        assert not shop.world.inventory.is_free(SHOW, "A-4")
        request = a_request("A-4")
        assert answered(await shop.desk.create(request, a_key("moved"))).seat_ids == ("A-4",)

    in_shop(story)


def test_a_hold_that_moves_while_it_is_given_back_stays_with_its_buyer() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")

        async def moving(name: str, call: Call) -> object:
            if name == "release":
                shop.world.inventory.move_hold(SHOW, order.first.hold_id, "A-4")
            return await call()

        taps.append(moving)
        assert answered(await shop.desk.cancel(ref_of(order), 2.0)).state is OrderState.CANCELLED
        assert not shop.world.inventory.is_free(SHOW, "A-4")

    taps: list[Tap] = []

    async def tap(name: str, call: Call) -> object:
        return await taps[-1](name, call) if taps else await call()

    in_shop(story, tap)


@pytest.mark.parametrize(
    "reason", [Reason.HOLD_FOREIGN, Reason.PLAN_VERSION_MISMATCH, Reason.SEATS_NOT_HELD, Reason.SEAT_UNKNOWN]
)
def test_an_order_ends_whose_hold_is_no_longer_its_own(reason: Reason) -> None:
    async def refusing(name: str, call: Call) -> object:
        return Declined(reason) if name == "release" else await call()

    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        assert answered(await shop.desk.cancel(ref_of(order), 2.0)).state is OrderState.CANCELLED

    in_shop(story, refusing)


def test_somebody_elses_hold_of_the_same_name_is_left_alone() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        shop.world.inventory.end_hold(SHOW, order.first.hold_id)
        foreign = a_hold("A-1", hold_id=order.first.hold_id, holder_id="somebody", until_ms=order.first.hold_until_ms)
        shop.world.inventory.hold(SHOW, foreign)
        assert answered(await shop.desk.cancel(ref_of(order), 2.0)).state is OrderState.CANCELLED
        assert not shop.world.inventory.is_free(SHOW, "A-1")

    in_shop(story)


def test_a_cancel_while_the_claim_is_unknown_gives_the_hold_back_too() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"), seconds=0.5)
        assert order.state is OrderState.CLAIMING
        await shop.desk.cancel(ref_of(order), 2.0)
        assert (await shop.ended(order, 60.0)).state is OrderState.CANCELLED
        assert shop.world.inventory.is_free(SHOW, "A-1")

    in_shop(story, Away("claim"))


def test_a_claim_that_was_made_unheard_is_taken_back_by_the_cancel() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"), seconds=0.5)
        assert shop.world.inventory.owner_of(SHOW, "A-1") == (order.order_id, "claimed")
        await shop.desk.cancel(ref_of(order), 2.0)
        assert (await shop.ended(order, 60.0)).state is OrderState.CANCELLED
        assert shop.world.inventory.is_free(SHOW, "A-1")

    in_shop(story, Away("claim", has_effect=True))


def test_a_late_copy_of_a_claim_finds_no_hold_once_the_order_is_cancelled() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"), seconds=0.5)
        await shop.desk.cancel(ref_of(order), 0.01)
        cancelled = await shop.ended(order, 60.0)
        await shop.world.inventory.claim(cancelled, cancelled.first, from_hold=True)
        assert shop.world.inventory.is_free(SHOW, "A-1")

    in_shop(story, Away("claim"))


def test_a_late_copy_of_a_claim_that_was_turned_back_is_taken_back_by_the_cancel() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        shop.world.inventory.move_hold(SHOW, order.first.hold_id, "A-3")
        await shop.try_check_out(order)
        shop.world.inventory.move_hold(SHOW, order.first.hold_id, "A-1")
        await shop.world.inventory.claim(order, order.first, from_hold=True)
        assert answered(await shop.desk.cancel(ref_of(order), 2.0)).state is OrderState.CANCELLED
        assert shop.world.inventory.is_free(SHOW, "A-1")

    in_shop(story)


def test_a_hold_that_has_ended_makes_no_order_though_inventory_still_tells_of_it() -> None:
    held: list[HeldSeats] = []

    async def still_there(name: str, call: Call) -> object:
        return held[-1] if name == "held_seats" else await call()

    async def story(shop: Shop) -> None:
        now_ms = shop.world.clock.now_ms()
        held.append(a_hold("A-1", until_ms=now_ms - TIMING.hold_grace_ms))
        assert await shop.desk.create(a_request("A-1"), a_key("late")) == HoldExpired("hold_1")
        held.append(a_hold("A-1", until_ms=now_ms - TIMING.hold_grace_ms + 1))
        assert answered(await shop.desk.create(a_request("A-1"), a_key("late"))).state is OrderState.OPEN

    in_shop(story, still_there)


def test_a_hold_makes_one_order_at_a_time() -> None:
    async def story(shop: Shop) -> None:
        first = await shop.ordered("A-1", "A-2")
        second = await shop.desk.create(a_request("A-1", "A-2"), a_key("second"))
        assert second == HoldHasOrder(first.first.hold_id, first.order_id, "OPEN")
        assert (await shop.checked_out(first)).state is OrderState.PAYING
        assert await shop.desk.create(a_request("A-1", "A-2"), a_key("second")) == HoldExpired(first.first.hold_id)

    in_shop(story)


def test_a_hold_that_is_yet_to_be_given_back_makes_no_other_order() -> None:
    async def story(shop: Shop) -> None:
        first = await shop.ordered("A-1")
        assert answered(await shop.desk.cancel(ref_of(first), 0.5)).state is OrderState.CANCELLING
        refused = await shop.desk.create(a_request("A-1"), a_key("second"))
        assert refused == HoldHasOrder(first.first.hold_id, first.order_id, "CANCELLING")

    in_shop(story, Away("release"))


def test_a_check_out_whose_hold_has_ended_is_refused_with_that_and_the_order_is_over() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        shop.world.inventory.end_hold(SHOW, order.first.hold_id)
        assert await shop.try_check_out(order, key="out") == HoldExpired(order.first.hold_id)
        over = await shop.read(order)
        assert (over.state, over.cancel_reason) == (OrderState.CANCELLED, CancelReason.UNPAID)
        assert await shop.try_check_out(order, key="out") == HoldExpired(order.first.hold_id)
        assert not shop.world.payments.payments()

    in_shop(story)


def test_a_check_out_whose_hold_was_moved_says_so_and_the_order_goes_on_once_it_is_moved_back() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1", "A-2")
        shop.world.inventory.move_hold(SHOW, order.first.hold_id, "A-2", "A-3")
        refused = await shop.try_check_out(order, key="out")
        assert refused == SeatsNotHeld(order.first.hold_id, not_in_hold=("A-1",), left_out=("A-3",))
        assert (await shop.read(order)).state is OrderState.OPEN
        assert await shop.try_check_out(order, key="out") == refused
        shop.world.inventory.move_hold(SHOW, order.first.hold_id, "A-1", "A-2")
        assert (await shop.checked_out(order, key="out")).state is OrderState.PAYING

    in_shop(story)


def test_an_order_that_was_turned_back_ends_with_its_hold() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        shop.world.inventory.move_hold(SHOW, order.first.hold_id, "A-3")
        assert isinstance(await shop.try_check_out(order), SeatsNotHeld)
        shop.world.inventory.end_hold(SHOW, order.first.hold_id)
        ended = await shop.read(order)
        assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.UNPAID)

    in_shop(story)


def test_an_open_order_tells_how_long_its_hold_stands_by_now() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        until_ms = order.first.hold_until_ms + 300_000
        shop.world.inventory.extend_hold(SHOW, order.first.hold_id, until_ms)
        assert (await shop.read(order)).first.hold_until_ms == until_ms

    in_shop(story)


def test_an_open_order_whose_hold_was_let_go_is_told_as_ended() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        shop.world.inventory.end_hold(SHOW, order.first.hold_id)
        told = await shop.read(order)
        assert (told.state, told.cancel_reason, told.first.seats) == (
            OrderState.CANCELLED,
            CancelReason.UNPAID,
            SeatStatus.FREED,
        )

    in_shop(story)


def test_an_open_order_is_told_as_it_was_last_seen_when_inventory_is_slow_or_away() -> None:
    async def slow(name: str, call: Call) -> object:
        if name == "held_seats" and stuck:
            await shop_clock.clock.sleep(30)
        return await call()

    stuck: list[bool] = []
    shop_clock = World()

    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        stuck.append(True)
        started = shop.world.clock.monotonic()
        assert await shop.read(order) == order
        assert shop.world.clock.monotonic() - started < 1.0

    in_shop(story, slow)
