"""Reseat inside the category: other seats, the price that was paid, whatever the list says now (R2.9)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from balcon.orders.v1 import orders_service_pb2 as wire

from services.contracts.prices import ComponentKind, PercentOff
from services.orders.adapters.memory_order_store import MemoryOrderStore
from services.orders.api.exchange_messages import exchange_request, faults_of_exchange
from services.orders.domain.buyer_policy import ExchangeRules, RequestRule
from services.orders.domain.commands import ActOnLines, RefundTerms
from services.orders.domain.exchange_refusals import ExchangeWorthChanged
from services.orders.domain.exchanges import ExchangeStatus
from services.orders.domain.order import (
    LineComponent,
    LineDiscount,
    LineStatus,
    Money,
    Order,
    OrderState,
    SeatName,
    Vat,
)
from services.orders.domain.pricing import PriceList
from services.orders.domain.promotions import Promotion
from services.orders.domain.refunds import LineRef, Refund, RefundMaker, RefundShare, RefundState
from services.orders.domain.refusals import SeatUnknown
from services.orders.domain.reseating import reseated
from services.orders.domain.ticket_terms import TicketTerms
from services.orders.handlers.order_request import ExchangeRequest
from services.orders.handlers.reseating import kept_prices
from services.orders.ports import Operation
from services.runtime.call_context import CallContext, enter_call
from services.runtime.errors import FieldInvalid, Refusal
from services.runtime.ids import RandomIds
from services.runtime.principal import Principal, PrincipalKind
from services.runtime.testing.eventually import eventually
from services.runtime.testing.virtual_time import run_virtual
from tests.unit.orders.builders import (
    HOUSE,
    NEXT_SHOW,
    NOW_MS,
    PLAN,
    SHOW,
    a_hold,
    a_key,
    a_plan,
    a_request,
    an_offer,
    an_order,
)
from tests.unit.orders.rig import Shop, World, answered, ref_of


async def sold(shop: Shop, *seats: str, ticket_type: str = "normal") -> Order:
    order = await shop.checked_out(await shop.ordered(*seats, name="old", ticket_type=ticket_type))
    shop.world.payments.pay(shop.payment(order))
    return await shop.ended(order)


async def reseat(shop: Shop, old: Order, *given: str, to: tuple[str, ...], name: str = "new") -> Order | Refusal:
    """An open order for seats that are instead of those."""
    asked = ExchangeRequest(old.order_id, tuple(LineRef(SHOW, seat) for seat in given), keep_prices=True)
    return await shop.try_ordered(*to, name=name, exchange=asked)


async def settled(shop: Shop, order: Order) -> Order:
    async def is_settled() -> bool:
        exchange = (await shop.read(order)).exchange
        return exchange is not None and exchange.status is not ExchangeStatus.OPEN

    await eventually(is_settled)
    return await shop.read(order)


def in_shop(story: Callable[[Shop], Awaitable[None]]) -> None:
    async def main() -> None:
        async with Shop(World()) as shop:
            await story(shop)

    run_virtual(main())


def test_r2_9_a_reseat_keeps_the_price_that_was_paid_whatever_the_list_says_now() -> None:
    async def main() -> None:
        world = World()
        async with Shop(world) as shop:
            old = await sold(shop, "A-1", "A-2", ticket_type="student")
        # Dearer by now, with no such ticket type, and the new ones only by fours.
        dearer = PriceList("EUR", {("stalls", "normal"): 9_900})
        terms = {"normal": TicketTerms(min_per_order=4, pass_kind_id="pass_1")}
        world.catalogue.put(HOUSE, replace(an_offer(), prices=dearer, terms=terms), a_plan())
        async with Shop(world) as shop:
            new = answered(await reseat(shop, old, "A-1", to=("B-7",)))
            assert (new.total.amount_minor, new.to_pay_minor, new.lines[0].ticket_type) == (1_250, 0, "student")
            new = await settled(shop, await shop.ended(answered(await shop.try_check_out(new, url=""))))
            assert (new.state, len(new.tickets)) == (OrderState.CONFIRMED, 1)
            old = await shop.read(old)
            assert {line.seat_id: line.status is LineStatus.VALID for line in old.lines} == {"A-1": False, "A-2": True}
            assert [refund.amount_minor for refund in old.refunds] == [1_250]

    run_virtual(main())


def test_a_discount_and_its_code_stay_used_by_the_ticket_that_has_it() -> None:
    async def main() -> None:
        world = World()
        assert isinstance(world.store, MemoryOrderStore)
        world.catalogue.promote(HOUSE, Promotion("spring", PercentOff(2_000), code="SPRING", max_uses_of_code=2))
        async with Shop(world) as shop:
            until_ms = world.clock.now_ms() + 600_000
            world.inventory.hold(SHOW, a_hold("A-1", "A-2", until_ms=until_ms))
            request = replace(a_request("A-1", "A-2"), promotion_code="SPRING")
            old = await shop.checked_out(answered(await shop.desk.create(request, a_key("old"))))
            world.payments.pay(shop.payment(old))
            old = await shop.ended(old)
            # All that the code allows is used: it is the old ticket's until that ends, and the new one's then.
            new = answered(await reseat(shop, old, "A-1", to=("A-3",)))
            assert (new.total.amount_minor, new.to_pay_minor) == (2_000, 0)
            await settled(shop, await shop.ended(answered(await shop.try_check_out(new, url=""))))
            used = [world.store.used[HOUSE, name] for name in ("code:SPRING", "discount:spring")]
            assert used == [2, 2]
            assert [{use.count for use in (await shop.read(one)).uses} for one in (old, new)] == [{1}, {1}]

    run_virtual(main())


def test_a_seat_of_another_category_is_refused_by_its_field_and_the_old_ticket_stays() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2")
        refused = await reseat(shop, old, "A-1", "A-2", to=("A-3", "Z-1"))
        limit = "stalls, as seat A-2 that it is instead of"
        assert refused == FieldInvalid("seats[1].seat_id", "is in category balcony", limit)
        assert all(line.status is LineStatus.VALID for line in (await shop.read(old)).lines)

    in_shop(story)


def test_buyers_keep_no_prices() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2")

        async def as_buyer() -> Order | Refusal:
            # Also where the house lets its buyers exchange.
            rules = ExchangeRules(RequestRule.GRANTED, until_hours_before=2)
            shop.world.policies.exchanges[SHOW] = rules
            entered = CallContext({}, None, RandomIds())
            entered.principal = Principal(PrincipalKind.BUYER, old.holder_id)
            enter_call(entered)
            return await reseat(shop, old, "A-1", to=("A-3",))

        refused = await asyncio.create_task(as_buyer())
        assert isinstance(refused, FieldInvalid)
        assert refused.field == "exchange.keep_prices"

    in_shop(story)


def test_what_went_back_of_a_ticket_is_not_paid_again_and_a_refund_meanwhile_stops_the_reseat() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2")
        some = ActOnLines((LineRef(SHOW, "A-1"),), refund=RefundTerms(amount_minor=500))
        answered(await shop.desk.act(ref_of(old), some, a_key("first", Operation.REFUND_LINES), 2.0))
        new = answered(await reseat(shop, old, "A-1", to=("A-3",)))
        assert (new.total.amount_minor, new.to_pay_minor) == (2_000, 0)
        answered(await shop.desk.act(ref_of(old), some, a_key("second", Operation.REFUND_LINES), 2.0))
        refused = await shop.try_check_out(new, url="")
        assert refused == ExchangeWorthChanged(old.order_id, "EUR 20.00", "EUR 15.00")

    in_shop(story)


def sold_before() -> Order:
    """Two tickets, one with a fee of its own tax and a discount, of which some has gone back."""
    order = an_order(state=OrderState.CONFIRMED)
    components = (
        LineComponent(ComponentKind.BASE, 2_000, Vat("reduced", 700, 131)),
        LineComponent(ComponentKind.SERVICE_FEE, 500, Vat("full", 1900, 80)),
    )
    first, second = order.first.lines
    first = replace(first, ticket_type="student", components=components, discount=LineDiscount("dsc_1", 300))
    shares = (RefundShare(SHOW, "A-1", ComponentKind.SERVICE_FEE, 500, 80),)
    back = Refund("ref_1", 500, RefundMaker.HOUSE, RefundState.DONE, "", (LineRef(SHOW, "A-1"),), NOW_MS, shares=shares)
    return replace(order, parts=(replace(order.first, lines=(first, second)),), refunds=(back,))


def test_a_reseated_line_has_what_is_left_of_each_part_of_its_price_and_of_the_tax_in_it() -> None:
    lines = reseated(sold_before(), (LineRef(SHOW, "A-1"),), ("C-4",), (PLAN, a_plan()), "")
    assert isinstance(lines, tuple)
    (line,) = lines
    assert (line.seat_id, line.seat_name) == ("C-4", SeatName("Ground", "Row C", "4"))
    assert (line.price, line.ticket_type, line.discount) == (
        Money(2_000, "EUR"),
        "student",
        LineDiscount("dsc_1", 300),
    )
    assert [(one.amount_minor, one.vat.amount_minor) for one in line.components] == [(2_000, 131), (0, 0)]


def test_seats_are_as_many_as_lines_and_those_of_the_plan() -> None:
    given = (LineRef(SHOW, "A-1"), LineRef(SHOW, "A-2"))
    few = reseated(sold_before(), given, ("C-4",), (PLAN, a_plan()), "parts[1].")
    assert isinstance(few, FieldInvalid)
    assert (few.field, few.problem) == ("parts[1].seats", "has 1")
    unknown = reseated(sold_before(), given, ("C-4", "X-9"), (PLAN, a_plan()), "")
    assert unknown == SeatUnknown(("X-9",), PLAN)


def test_a_line_of_a_performance_that_has_no_new_seats_is_named() -> None:
    async def main() -> None:
        lines = (LineRef(SHOW, "A-1"), LineRef(NEXT_SHOW, "A-1"))
        refused = await kept_prices(World().catalogue, a_request("A-3"), sold_before(), lines)
        assert isinstance(refused, FieldInvalid)
        assert (refused.field, refused.others) == ("exchange.lines[1].performance_id", ())

    run_virtual(main())


def test_what_was_paid_is_kept_or_something_else_makes_the_price() -> None:
    given = wire.ExchangeChoice(
        order_id="ord_1", lines=[wire.ExchangedLine(performance_id=SHOW, seat_id="A-1")], keep_prices=True
    )
    both = wire.CreateOrderRequest(exchange=given, promotion_code="SPRING", quote="signed")
    assert [fault for fault in faults_of_exchange(both) if fault is not None] == [
        FieldInvalid("exchange.keep_prices", "is set beside promotion_code, quote", "keep_prices, or these")
    ]
    kept = exchange_request(wire.CreateOrderRequest(exchange=given))
    assert kept == ExchangeRequest("ord_1", (LineRef(SHOW, "A-1"),), keep_prices=True)
