"""Promotions: what they take off, of which tickets, when, and how often; uses are given back when an order dies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from balcon.orders.v1.orders_events_pb2 import OrderConfirmed
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.channels import Channel
from services.contracts.prices import (
    AmountOff,
    Component,
    ComponentKind,
    Effect,
    FixedPrice,
    PercentOff,
)
from services.contracts.promotions import PromotionUnknown
from services.orders.adapters.memory_order_store import MemoryOrderStore
from services.orders.domain.commands import ActOnLines
from services.orders.domain.order import LineDiscount, Money, Order, OrderState, TicketKind
from services.orders.domain.pricing import PriceList, SeatChoice
from services.orders.domain.promotions import Promotion, refused_promotion
from services.orders.domain.refunds import LineRef
from services.orders.domain.refusals import PromotionNotValid, UsesExhausted
from services.orders.domain.uses import CountedUse
from services.orders.ports import Operation, OrderRef
from services.reporting.adapters.event_facts import fact_of
from services.reporting.domain.facts import SeatsCounted
from services.reporting.domain.totals import Totals, fold
from services.runtime.bus.topics import ORDERS
from services.runtime.errors import Refusal
from services.runtime.outbox.event import IncomingEvent
from tests.unit.orders.builders import HOUSE, NOW_MS, PLAN, SHOW, Priced, a_hold, a_key, a_plan, a_request, priced
from tests.unit.orders.rig import Shop, World, ref_of

SPRING = Promotion("spring", PercentOff(2_000), code="SPRING")
STALLS, BALCONY, STUDENT, FREE = (
    ("stalls", "normal"),
    ("balcony", "normal"),
    ("stalls", "student"),
    ("stalls", "guest"),
)
PRICES = PriceList(
    "EUR",
    {STALLS: 2_750, BALCONY: 1_800, STUDENT: 1_250, FREE: 0},
    {STALLS: TicketKind.NORMAL, BALCONY: TicketKind.NORMAL, STUDENT: TicketKind.OTHER, FREE: TicketKind.FREE},
    {STALLS: (Component(ComponentKind.BASE, 2_500, "reduced", 900), Component(ComponentKind.SERVICE_FEE, 250))},
)
SEATS = (SeatChoice("A-1"), SeatChoice("Z-1"), SeatChoice("A-2", "student"), SeatChoice("A-3", "guest"))


def with_promotion(promotion: Promotion, *choices: SeatChoice) -> Priced:
    found = priced(choices or SEATS, PRICES, a_plan(), PLAN, promotion)
    assert not isinstance(found, Refusal), found
    return found


def amounts(promotion: Promotion) -> list[int]:
    return [line.price.amount_minor for line in with_promotion(promotion).lines]


def test_a_discount_is_of_base_and_surcharge_and_fees_stay() -> None:
    assert amounts(SPRING) == [2_250, 1_440, 1_000, 0]
    line = with_promotion(SPRING).lines[0]
    assert [(one.kind, one.amount_minor, one.vat.amount_minor) for one in line.components] == [
        (ComponentKind.BASE, 2_000, 165),
        (ComponentKind.SERVICE_FEE, 250, 0),
    ]
    assert line.discount == LineDiscount("spring", 500)


def test_a_full_price_that_something_was_taken_off_counts_as_discounted() -> None:
    kinds = [line.kind for line in with_promotion(SPRING).lines]
    assert kinds == [TicketKind.DISCOUNT, TicketKind.DISCOUNT, TicketKind.OTHER, TicketKind.FREE]


def test_only_the_tickets_that_it_is_for_cost_less() -> None:
    assert amounts(replace(SPRING, categories=frozenset({"balcony"}))) == [2_750, 1_440, 1_250, 0]
    assert amounts(replace(SPRING, ticket_types=frozenset({"student"}))) == [2_750, 1_800, 1_000, 0]


def test_of_more_tickets_than_it_allows_the_dearest_cost_less() -> None:
    two = replace(SPRING, max_uses_per_order=2)
    assert amounts(two) == [2_250, 1_440, 1_250, 0]
    assert with_promotion(two).uses == (CountedUse("code:SPRING", 2), CountedUse("discount:spring", 2))


def test_what_makes_nothing_cheaper_is_refused_and_uses_nothing() -> None:
    dear = replace(SPRING, effect=FixedPrice(9_000))
    assert isinstance(priced(SEATS, PRICES, a_plan(), PLAN, dear), PromotionNotValid)
    elsewhere = replace(SPRING, categories=frozenset({"loge"}))
    assert isinstance(priced(SEATS, PRICES, a_plan(), PLAN, elsewhere), PromotionNotValid)


@given(
    st.one_of(
        st.builds(PercentOff, st.integers(1, 10_000)),
        st.builds(AmountOff, st.integers(1, 5_000)),
        st.builds(FixedPrice, st.integers(0, 5_000)),
    ),
    st.integers(0, 5),
)
def test_no_ticket_costs_more_by_a_promotion_and_every_sum_is_exact(effect: Effect, most: int) -> None:
    full = priced(SEATS, PRICES, a_plan(), PLAN, None)
    found = priced(SEATS, PRICES, a_plan(), PLAN, replace(SPRING, effect=effect, max_uses_per_order=most))
    assert isinstance(full, Priced)
    if isinstance(found, PromotionNotValid):
        return
    assert isinstance(found, Priced)
    for before, after in zip(full.lines, found.lines, strict=True):
        off = after.discount.amount_minor if after.discount else 0
        assert after.price.amount_minor + off == before.price.amount_minor
        assert sum(one.amount_minor for one in after.components) == after.price.amount_minor >= 0
    used = sum(line.discount is not None for line in found.lines)
    assert used == found.uses[0].count <= (most or used)


@pytest.mark.parametrize(
    ("changes", "is_refused"),
    [
        ({}, False),
        ({"performance_ids": frozenset({SHOW})}, False),
        ({"performance_ids": frozenset({"perf_9"})}, True),
        ({"channels": frozenset({Channel.BOX_OFFICE})}, True),
        ({"starts_at_ms": NOW_MS}, False),
        ({"starts_at_ms": NOW_MS + 1}, True),
        ({"ends_at_ms": NOW_MS + 1}, False),
        ({"ends_at_ms": NOW_MS}, True),
    ],
)
def test_a_promotion_is_for_its_performances_channels_and_time(changes: dict[str, object], is_refused: bool) -> None:
    promotion = replace(SPRING, **changes)  # type: ignore[arg-type]
    assert (refused_promotion(promotion, SHOW, Channel.ONLINE, NOW_MS) is not None) == is_refused


def a_world(promotion: Promotion) -> World:
    world = World()
    world.catalogue.promote(HOUSE, promotion)
    return world


async def ordered(shop: Shop, name: str, seat: str, **wish: str) -> Order | Refusal:
    hold_id, holder_id = f"hold_{name}", f"holder_{name}"
    shop.world.inventory.hold(
        SHOW, a_hold(seat, hold_id=hold_id, holder_id=holder_id, until_ms=shop.world.clock.now_ms() + 600_000)
    )
    request = replace(a_request(seat, hold_id=hold_id, holder_id=holder_id), **wish)  # type: ignore[arg-type]
    return await shop.desk.create(request, a_key(f"create_{name}"))


async def test_an_order_with_a_code_costs_less_and_an_unknown_code_is_told() -> None:
    async with Shop(a_world(SPRING)) as shop:
        order = await ordered(shop, "1", "A-1", promotion_code="SPRING")
        assert getattr(order, "total", None) == Money(2_000, "EUR")
        unknown = await ordered(shop, "2", "A-2", promotion_code="AUTUMN")
        assert unknown == PromotionUnknown("AUTUMN")


async def test_an_order_without_a_code_asks_the_catalogue_for_none() -> None:
    world = a_world(SPRING)
    async with Shop(world) as shop:
        await shop.ordered("A-1", name="1")
        asked = world.catalogue.asked
        await shop.ordered("A-2", name="2")
        assert world.catalogue.asked == asked


async def test_a_use_is_given_back_when_the_order_dies_and_never_more_than_the_limit_are_had() -> None:
    once = replace(SPRING, max_uses_of_code=1)
    world = a_world(once)
    assert isinstance(world.store, MemoryOrderStore)
    async with Shop(world) as shop:
        first = await ordered(shop, "1", "A-1", promotion_code="SPRING")
        assert await ordered(shop, "2", "A-2", promotion_code="SPRING") == UsesExhausted("code:SPRING", 0, 1)
        assert not isinstance(first, Refusal)
        await shop.desk.cancel(OrderRef(HOUSE, first.order_id), 1.0)
        await shop.ended(first)
        assert world.store.used[HOUSE, "code:SPRING"] == 0
        again = await ordered(shop, "3", "A-3", promotion_code="SPRING")
        assert not isinstance(again, Refusal)


async def test_a_code_is_given_back_with_the_single_ticket_that_it_made_cheaper() -> None:
    world = a_world(SPRING)
    assert isinstance(world.store, MemoryOrderStore)
    async with Shop(world) as shop:
        order = await ordered(shop, "1", "A-1", promotion_code="SPRING")
        assert not isinstance(order, Refusal)
        checked = await shop.checked_out(order)
        world.payments.pay(shop.payment(checked))
        sold = await shop.ended(checked)
        one = ActOnLines((LineRef(SHOW, "A-1"),), cancel=True)
        assert not isinstance(
            await shop.desk.act(ref_of(sold), one, a_key("act", Operation.CANCEL_LINES), 1.0), Refusal
        )
        assert (world.store.used[HOUSE, "code:SPRING"], world.store.used[HOUSE, "discount:spring"]) == (0, 0)


async def test_r1_11_a_contingent_discounts_ticket_is_one_more_sold_at_its_price_and_no_block() -> None:
    """Sold +1 at the discounted price, blocked unchanged: inventory hears of a claim and a sale like any other."""
    office = Promotion("tourist-office", FixedPrice(1_900), office_id="tourist-office")
    world = a_world(office)
    assert isinstance(world.store, MemoryOrderStore)
    async with Shop(world) as shop:
        order = await ordered(shop, "1", "A-1", discount_id="tourist-office")
        assert not isinstance(order, Refusal)
        checked = await shop.checked_out(order)
        payment = world.payments.of_order(order.order_id)
        assert payment is not None
        world.payments.pay(payment)
        sold = await shop.ended(checked)
    assert sold.state is OrderState.CONFIRMED
    assert sold.total == Money(1_900, "EUR")
    assert world.inventory.owner_of(SHOW, "A-1") is not None
    confirmed = [one for one in world.store.events if one.type.endswith("OrderConfirmed")]
    (line,) = OrderConfirmed.FromString(confirmed[0].payload).lines
    assert (line.price.amount_minor, line.discount.discount_id, line.discount.office_id) == (
        1_900,
        "tourist-office",
        "tourist-office",
    )
    assert line.discount.amount.amount_minor == 600
    figures = Totals(HOUSE, SHOW, counted=SeatsCounted(HOUSE, SHOW, 1, 1, 20, 0, 0, 0, 12, 32, 1))
    incoming = IncomingEvent(
        "evt_1", "balcon/orders", ORDERS, SHOW, confirmed[0].type, confirmed[0].payload, 1, 1, HOUSE
    )
    fact = fact_of(incoming)
    assert fact is not None
    after, _ = fold(figures, None, fact)
    assert (after.sold, after.revenue_minor, after.blocked) == (1, 1_900, 12)
