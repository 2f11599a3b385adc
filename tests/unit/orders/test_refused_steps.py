"""What the saga makes of a no by another service, in virtual time: proof where its reason is one, else asked again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from services.contracts.reasons import Reason
from services.orders.adapters.memory_payments import MemoryPayments
from services.orders.domain.order import CancelReason, OrderState
from services.orders.domain.stuck import STUCK_FAILURES
from services.orders.handlers.saga import is_on_its_way
from services.orders.ports import Declined, Lease, Operation, PaymentSeen, PaymentState, RefundSeen, RefundStatus
from services.runtime.testing.virtual_time import run_virtual
from tests.simulation.orders.faults import Call, tapped
from tests.unit.orders.builders import SHOW, a_key
from tests.unit.orders.rig import Shop, World, ref_of

Tap = Callable[[str, Call], Awaitable[object]]


async def _plainly(_name: str, call: Call) -> object:
    return await call()


def in_shop(story: Callable[[Shop], Awaitable[None]], *, inventory: Tap = _plainly, payments: Tap = _plainly) -> None:
    """Runs a story in one process whose neighbours answer as told."""

    async def main() -> None:
        shop = Shop(
            World(), inventory=lambda port: tapped(port, inventory), payments=lambda port: tapped(port, payments)
        )
        async with shop:
            await story(shop)

    run_virtual(main())


def test_seats_that_can_never_be_claimed_end_the_order_and_give_its_hold_back() -> None:
    async def other_plan(name: str, call: Call) -> object:
        return Declined(Reason.PLAN_VERSION_MISMATCH) if name == "claim" else await call()

    async def story(shop: Shop) -> None:
        out = await shop.checked_out(await shop.ordered("A-1"))
        assert (out.state, out.cancel_reason) == (OrderState.CANCELLED, CancelReason.SEATS_GONE)
        assert shop.world.inventory.is_free(SHOW, "A-1")
        assert not shop.world.payments.payments()

    in_shop(story, inventory=other_plan)


def test_a_refused_claim_that_proves_nothing_is_asked_again() -> None:
    asked: list[str] = []

    async def puzzling(name: str, call: Call) -> object:
        asked.append(name)
        return Declined(Reason.HALL_NOT_FOUND) if asked.count("claim") < 3 and name == "claim" else await call()

    async def story(shop: Shop) -> None:
        out = await shop.checked_out(await shop.ordered("A-1"), seconds=0.01)
        assert out.state is OrderState.CLAIMING
        while (await shop.read(out)).state is not OrderState.PAYING:
            await shop.world.clock.sleep(0.1)
        assert asked.count("claim") == 3

    in_shop(story, inventory=puzzling)


def test_a_payment_that_is_refused_for_a_reason_that_proves_nothing_is_asked_for_again() -> None:
    asked: list[str] = []

    async def puzzling(name: str, call: Call) -> object:
        asked.append(name)
        return Declined(Reason.IDEMPOTENCY_KEY_REUSED) if len(asked) < 3 else await call()

    async def story(shop: Shop) -> None:
        out = await shop.checked_out(await shop.ordered("A-1"), seconds=0.01)
        while (await shop.read(out)).state is OrderState.CLAIMING:
            await shop.world.clock.sleep(0.1)
        assert (await shop.read(out)).state is OrderState.PAYING
        assert asked.count("create") == 3

    in_shop(story, payments=puzzling)


def test_a_payment_that_was_never_made_frees_the_seats() -> None:
    async def never(name: str, call: Call) -> object:
        return Declined(Reason.FIELD_INVALID) if name == "create" else await call()

    async def story(shop: Shop) -> None:
        out = await shop.checked_out(await shop.ordered("A-1"))
        ended = await shop.ended(out)
        assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.PAYMENT_FAILED)
        assert shop.world.inventory.is_free(SHOW, "A-1")

    in_shop(story, payments=never)


@pytest.mark.parametrize(("accepted", "is_stuck"), [(True, False), (False, True)])
def test_an_order_is_not_stuck_while_its_refund_is_on_its_way(accepted: bool, is_stuck: bool) -> None:
    asked: list[str] = []

    async def days(name: str, call: Call) -> object:
        asked.append(name)
        seen = await call()
        if name != "refund" or not accepted:
            return seen
        return replace(seen, refunds=tuple(replace(one, is_on_its_way=True) for one in seen.refunds))

    async def main() -> None:
        world = World()
        world.payments = MemoryPayments(world._tell, world.clock, refunds_at_once=False)
        async with Shop(world, payments=lambda port: tapped(port, days)) as shop:
            order = await shop.checked_out(await shop.ordered("A-1"))
            world.payments.pay(shop.payment(order))
            await shop.ended(order)
            await shop.desk.refund(ref_of(order), "rain", a_key("refund", Operation.REFUND), 0.0)
            await world.clock.sleep(120.0)
            assert (await shop.read(order)).state is OrderState.REFUND_DUE
            assert asked.count("refund") < 40, "now and then"
        await world.clock.sleep(60.0)
        now_ms = world.clock.now_ms()
        (leased,) = await world.store.lease_due(Lease("looks", now_ms, now_ms + 1), 10)
        assert (leased.failures >= STUCK_FAILURES) is is_stuck

    run_virtual(main())


@pytest.mark.parametrize(
    ("refunds", "on_its_way"),
    [
        ([RefundSeen("a", 1, RefundStatus.DUE, 1)], False),
        ([RefundSeen("a", 1, RefundStatus.DUE, 1, True)], True),
        ([RefundSeen("a", 1, RefundStatus.DUE, 1, True), RefundSeen("b", 1, RefundStatus.DUE, 1)], True),
        ([RefundSeen("a", 1, RefundStatus.DUE, 1, True), RefundSeen("b", 1, RefundStatus.STUCK, 1)], False),
    ],
)
def test_what_is_owed_is_on_its_way_when_one_is_and_none_is_stuck(refunds: list[RefundSeen], on_its_way: bool) -> None:
    assert is_on_its_way(PaymentSeen("pay_1", PaymentState.SUCCEEDED, refunds=tuple(refunds))) is on_its_way
