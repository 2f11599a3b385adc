"""The saga when money goes back at the provider: whatever it was doing then, the order ends and its seats are free."""

from __future__ import annotations

from typing import Any

import pytest

from services.orders.domain.order import CancelReason, Dispute, Order, OrderState
from services.orders.ports import Unanswered
from services.runtime.testing import eventually
from services.runtime.testing.virtual_time import run_virtual
from tests.simulation.orders.faults import Call, tapped
from tests.unit.orders.builders import SHOW
from tests.unit.orders.rig import Shop, World


async def confirmed(shop: Shop, *seats: str) -> Order:
    """Paid and confirmed."""
    order = await shop.checked_out(await shop.ordered(*seats))
    shop.world.payments.pay(shop.payment(order))
    return await shop.ended(order)


async def freed(shop: Shop, order: Order) -> None:
    """Returns once the order is refunded and its seats are free."""

    async def there() -> None:
        assert (await shop.read(order)).state is OrderState.REFUNDED
        assert all(shop.world.inventory.is_free(SHOW, seat) for seat in order.seat_ids)

    await eventually(there, 120)


@pytest.mark.parametrize("parts", [(5_000,), (1_000, 4_000), (1, 2_000, 2_999)])
def test_the_whole_given_back_at_the_provider_ends_the_order(parts: tuple[int, ...]) -> None:
    async def main() -> None:
        world = World()
        async with Shop(world) as shop:
            order = await confirmed(shop, "A-1", "A-2")
            for part in parts:
                world.payments.give_back(shop.payment(order), part)
            await freed(shop, order)
            assert (await shop.read(order)).cancel_reason is CancelReason.HOUSE

    run_virtual(main())


def test_a_lost_dispute_ends_the_order_and_shows_why() -> None:
    async def main() -> None:
        world = World()
        async with Shop(world) as shop:
            order = await confirmed(shop, "A-1")
            for dispute in (Dispute.OPEN, Dispute.LOST):
                world.payments.dispute(shop.payment(order), dispute)
            await freed(shop, order)
            assert (await shop.read(order)).dispute is Dispute.LOST

    run_virtual(main())


def test_seats_whose_sale_was_confirmed_unheard_are_freed_when_the_money_went_back_meanwhile() -> None:
    """The claim that is to be given back turns out to be a sale."""

    async def main() -> None:
        world = World()
        order_of: list[Order] = []

        async def unheard(name: str, call: Call) -> Any:
            answer = await call()
            if name == "confirm_claim":
                payment = world.payments.of_order(order_of[0].order_id)
                assert payment is not None
                world.payments.give_back(payment, payment.amount_minor)
                raise Unanswered(name)
            return answer

        async with Shop(world, inventory=lambda port: tapped(port, unheard)) as shop:
            order = await shop.checked_out(await shop.ordered("A-1"))
            order_of.append(order)
            world.payments.pay(shop.payment(order))
            await freed(shop, order)

    run_virtual(main())
