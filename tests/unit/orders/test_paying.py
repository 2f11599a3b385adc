"""Where and how a buyer pays is chosen at the check-out, and what cannot be paid so is said before any claim."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from services.contracts.payment_refusals import (
    PaymentMethodNotOffered,
    ProviderAccountLocked,
    ProviderAccountMissing,
    ProviderSilent,
)
from services.orders.domain.order import Order, OrderState
from services.orders.domain.payment_choice import ANY_WAY, PaymentChoice, choice_of
from services.orders.handlers.order_desk import CheckOutWish
from services.orders.ports import Operation, PayingAccount, PayingState, WayToPay
from services.runtime.errors import Refusal
from tests.unit.orders.builders import a_key
from tests.unit.orders.rig import Shop, World, ref_of

IDEAL, CARD = WayToPay("ideal", "iDEAL"), WayToPay("card", "Card", 1, 1_000_000)
MOLLIE = PayingAccount("pac_1", "mollie", "Web shop", ways=(IDEAL,))
STRIPE = PayingAccount("pac_2", "stripe", "Stripe", is_default=False, ways=(CARD,))
LOCKED = replace(MOLLIE, state=PayingState.LOCKED, ways=None)
SILENT = replace(MOLLIE, state=PayingState.SILENT, ways=None)
UNKNOWN = replace(MOLLIE, ways=None)


async def checked_out(world: World, choice: PaymentChoice = ANY_WAY) -> tuple[Order | Refusal, Order]:
    """The answer, and how the order then stands."""
    async with Shop(world) as shop:
        order = await shop.ordered("A-1")
        wish = CheckOutWish(order.total, "https://shop.example/", (), choice)
        answer = await shop.desk.check_out(ref_of(order), wish, a_key("out", Operation.CHECK_OUT), 2.0)
        after = await world.store.get(ref_of(order))
        assert after is not None
        return answer, after


@pytest.mark.parametrize(
    ("told", "choice", "refusal"),
    [
        ((), ANY_WAY, ProviderAccountMissing("EUR")),
        ((MOLLIE, STRIPE), PaymentChoice("pac_9"), ProviderAccountMissing("EUR")),
        ((STRIPE,), ANY_WAY, ProviderAccountMissing("EUR")),
        ((LOCKED, STRIPE), ANY_WAY, ProviderAccountLocked("Web shop")),
        ((SILENT,), ANY_WAY, ProviderSilent("mollie", "it tells no ways to pay")),
        ((UNKNOWN,), PaymentChoice("", "ideal"), ProviderSilent("mollie", "it tells no ways to pay")),
        (
            (MOLLIE, STRIPE),
            PaymentChoice("pac_2", "ideal"),
            PaymentMethodNotOffered("EUR 25.00", "ideal", "Stripe", "card"),
        ),
        (
            (replace(MOLLIE, ways=()),),
            ANY_WAY,
            PaymentMethodNotOffered("EUR 25.00", "any method", "Web shop", "nothing"),
        ),
    ],
)
async def test_what_cannot_be_paid_is_refused_with_its_facts_before_anything_is_claimed(
    told: tuple[PayingAccount, ...], choice: PaymentChoice, refusal: Refusal
) -> None:
    world = World()
    world.ways.told = told
    answer, order = await checked_out(world, choice)
    assert answer == refusal
    assert (order.state, world.payments.payments()) == (OrderState.OPEN, [])


@pytest.mark.parametrize(
    ("told", "choice"),
    [
        ((MOLLIE, STRIPE), PaymentChoice("pac_2", "card")),
        ((MOLLIE, STRIPE), PaymentChoice("", "ideal")),
        ((UNKNOWN,), ANY_WAY),
        # Payments says nothing: it will, when it is asked for the payment.
        (None, PaymentChoice("pac_2", "card")),
    ],
)
async def test_what_may_be_paid_so_is_and_the_order_keeps_the_choice(
    told: tuple[PayingAccount, ...] | None, choice: PaymentChoice
) -> None:
    world = World()
    world.ways.told = told
    answer, order = await checked_out(world, choice)
    assert isinstance(answer, Order)
    assert (order.state, order.pays_by) == (OrderState.PAYING, choice)


async def test_a_crowd_asks_once_and_the_answer_holds_for_seconds_only() -> None:
    world = World()
    async with Shop(world) as shop:
        orders = [await shop.ordered(f"A-{seat}", name=str(seat)) for seat in (1, 3, 5)]
        await asyncio.gather(*(shop.checked_out(order) for order in orders))
        assert world.ways.asked == 1
        later = await shop.ordered("A-7", name="7")
        await world.clock.sleep(6.0)
        await shop.checked_out(later)
        assert world.ways.asked == 2


@pytest.mark.parametrize(
    "choice", [ANY_WAY, PaymentChoice("pac_1"), PaymentChoice("", "ideal"), PaymentChoice("a", "b")]
)
def test_a_choice_is_read_as_it_was_written(choice: PaymentChoice) -> None:
    assert choice_of(choice.as_text) == choice
