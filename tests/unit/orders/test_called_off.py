"""A performance that was cancelled: nothing of it is ordered or checked out; what is paid stays as it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from services.orders.domain.order import OrderState
from services.orders.domain.pricing import PlanSeat
from services.orders.domain.refusals import PerformanceCancelled
from services.orders.ports import Offer, Unanswered
from services.runtime.testing.virtual_time import run_virtual
from tests.unit.orders.builders import HOUSE, SHOW, a_hold, a_key, a_plan, a_request, an_offer
from tests.unit.orders.rig import Shop, World

# Offers are remembered for a second.
CACHED_SECONDS = 1.5


class SilentCatalogue:
    """Answers nobody."""

    async def offer(self, house_id: str, performance_id: str) -> Offer | None:
        raise Unanswered("GetPerformance")

    async def plan_seats(self, house_id: str, hall_id: str, plan_version: int) -> Mapping[str, PlanSeat] | None:
        raise Unanswered("StreamSeatingPlan")


def in_shop(story: Callable[[Shop], Awaitable[None]]) -> None:
    async def main() -> None:
        async with Shop(World()) as shop:
            await story(shop)

    run_virtual(main())


async def call_off(shop: Shop) -> None:
    shop.world.catalogue.put(HOUSE, replace(an_offer(on_sale=False), cancelled=True), a_plan())
    await shop.world.clock.sleep(CACHED_SECONDS)


def test_nothing_is_ordered_of_it() -> None:
    async def story(shop: Shop) -> None:
        await call_off(shop)
        until_ms = shop.world.clock.now_ms() + 600_000
        shop.world.inventory.hold(SHOW, a_hold("A-1", hold_id="hold_1", holder_id="holder_1", until_ms=until_ms))
        request = a_request("A-1", hold_id="hold_1", holder_id="holder_1")
        assert await shop.desk.create(request, a_key("create")) == PerformanceCancelled(SHOW)

    in_shop(story)


def test_an_open_order_of_it_is_not_checked_out_and_stays_open() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        await call_off(shop)
        assert await shop.try_check_out(order) == PerformanceCancelled(SHOW)
        assert (await shop.read(order)).state is OrderState.OPEN
        assert shop.world.payments.of_order(order.order_id) is None

    in_shop(story)


def test_what_is_being_paid_is_confirmed_and_its_repeated_check_out_answered() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.checked_out(await shop.ordered("A-1"))
        await call_off(shop)
        assert (await shop.checked_out(order)).state is OrderState.PAYING
        shop.world.payments.pay(shop.payment(order))
        assert (await shop.ended(order)).state is OrderState.CONFIRMED

    in_shop(story)


def test_a_catalogue_that_is_away_keeps_nobody_from_paying() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        await shop.world.clock.sleep(CACHED_SECONDS)
        shop.world.catalogue.offer = SilentCatalogue().offer  # type: ignore[method-assign]
        assert (await shop.checked_out(order)).state is OrderState.PAYING

    in_shop(story)
