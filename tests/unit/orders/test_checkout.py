"""The checkout saga without wires, in virtual time: the way from a hold to tickets, and the ways out of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.orders.domain.order import CancelReason, OrderState
from services.runtime.testing.virtual_time import run_virtual
from tests.unit.orders.builders import SHOW
from tests.unit.orders.rig import WINDOW_MS, Shop, World


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
