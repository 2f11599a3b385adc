"""One order of several performances: one price, one payment, all of it or nothing; what is wrong is told by part."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.prices import Component, ComponentKind, FixedPrice, PercentOff, VatRounding, vat_contained
from services.orders.domain.order import CancelReason, Money, Order, OrderState
from services.orders.domain.pricing import Listed, PriceList, SeatChoice, listed, priced_parts
from services.orders.domain.promotions import Promotion
from services.orders.domain.refusals import HoldExpired, PartsRefused, PromotionNotValid
from services.orders.domain.ticket_terms import TicketTerms
from services.runtime.errors import FieldInvalid, Refusal
from tests.unit.orders.builders import HOUSE, NEXT_SHOW, PLAN, PRICES, SHOW, a_hold, a_plan, an_offer
from tests.unit.orders.evenings import THIRD_SHOW, ask, ordered, put, three_evenings, wish
from tests.unit.orders.rig import Shop

TWO = ((SHOW, ("A-1", "A-2")), (NEXT_SHOW, ("A-1",)))


async def test_all_parts_have_one_total_and_one_payment_and_all_their_tickets() -> None:
    async with Shop(three_evenings()) as shop:
        order = await ordered(shop, *TWO, (THIRD_SHOW, ("Z-1",)))
        assert [part.total_minor for part in order.parts] == [5_000, 2_500, 1_800]
        assert order.total == Money(9_300, "EUR")
        paying = await shop.checked_out(order)
        shop.world.payments.pay(shop.payment(paying))
        confirmed = await shop.ended(order)
        assert confirmed.state is OrderState.CONFIRMED
        assert [len(part.tickets) for part in confirmed.parts] == [2, 1, 1]


async def test_r2_7_the_first_hold_that_ends_ends_the_order_and_gives_the_other_seats_back() -> None:
    async with Shop(three_evenings()) as shop:
        order = await ordered(shop, *TWO)
        second = order.parts[1]
        shop.world.inventory.end_hold(NEXT_SHOW, second.hold_id)
        assert isinstance(await shop.try_check_out(order), HoldExpired)
        ended = await shop.ended(order)
        assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.UNPAID)
        assert shop.world.inventory.is_free(SHOW, "A-1")
        assert shop.world.payments.of_order(order.order_id) is None


async def test_an_order_lives_as_long_as_the_first_of_its_holds_and_hears_of_extensions() -> None:
    async with Shop(three_evenings()) as shop:
        order = await ordered(shop, *TWO)
        until_ms = order.parts[0].hold_until_ms + 300_000
        for part in order.parts:
            shop.world.inventory.extend_hold(part.performance_id, part.hold_id, until_ms)
        assert {part.hold_until_ms for part in (await shop.read(order)).parts} == {until_ms}


async def test_every_part_that_cannot_be_had_is_told_with_its_place_and_nothing_is_ordered() -> None:
    world = three_evenings()
    put(world, replace(an_offer(on_sale=False), performance_id=NEXT_SHOW))
    async with Shop(world) as shop:
        request = wish(
            world,
            [
                (SHOW, ("A-1",)),
                (NEXT_SHOW, ("A-1",)),
                (THIRD_SHOW, ("A-1",)),
            ],
        )
        gone = replace(request.parts[2], hold_id="hold_gone", seats=(SeatChoice("A-1"),))
        refusal = await ask(shop, replace(request, parts=(*request.parts[:2], gone)))
        assert isinstance(refusal, PartsRefused)
        assert (refusal.places, refusal.reasons) == ((1, 2), ("NOT_ON_SALE", "HOLD_NOT_FOUND"))
        assert [one.field for one in refusal.violations()] == ["parts[1]", "parts[2]"]
        assert refusal.lists()["places"] == ("1", "2")
        assert not shop.world.store.all_orders()  # type: ignore[attr-defined]
        assert not world.customers.asked


async def test_where_only_fields_are_wrong_those_of_all_parts_are_told_by_their_names() -> None:
    world = three_evenings()
    terms = {"normal": TicketTerms(min_per_order=2)}
    for show in (SHOW, NEXT_SHOW):
        put(world, replace(an_offer(), performance_id=show, terms=terms))
    async with Shop(world) as shop:
        refusal = await ask(shop, wish(world, [(SHOW, ("A-1",)), (NEXT_SHOW, ("A-2",)), (THIRD_SHOW, ("A-3",))]))
        assert isinstance(refusal, FieldInvalid)
        fields = [one.field for one in refusal.violations()]
        assert fields == ["parts[0].seats[0].ticket_type", "parts[1].seats[0].ticket_type"]


async def test_an_order_has_one_currency() -> None:
    world = three_evenings()
    put(world, replace(an_offer(), performance_id=NEXT_SHOW, prices=replace(PRICES, currency="SEK")))
    async with Shop(world) as shop:
        refusal = await ask(shop, wish(world, TWO))
        assert isinstance(refusal, FieldInvalid)
        assert (refusal.field, refusal.limit) == ("parts[1].performance_id", "EUR, as the first part")


async def test_two_orders_that_want_each_others_holds_have_one_winner_and_no_half() -> None:
    async with Shop(three_evenings()) as shop:
        request = wish(shop.world, TWO)
        turned = replace(request, parts=request.parts[::-1])
        answers = await asyncio.gather(ask(shop, request, "1"), ask(shop, turned, "2"))
        assert sorted(isinstance(one, Order) for one in answers) == [False, True]
        [refused] = [one for one in answers if isinstance(one, Refusal)]
        assert refused.reason() == "HOLD_HAS_ORDER"


async def test_a_promotion_is_taken_off_the_performances_that_it_is_for_and_counted_over_the_order() -> None:
    world = three_evenings()
    promotion = Promotion(
        "spring", PercentOff(5_000), code="SPRING", performance_ids=frozenset({NEXT_SHOW, THIRD_SHOW}),
        max_uses_per_order=2,
    )  # fmt: skip
    world.catalogue.promote(HOUSE, promotion)
    async with Shop(world) as shop:
        request = wish(world, [(SHOW, ("A-1",)), (NEXT_SHOW, ("A-1", "A-2")), (THIRD_SHOW, ("A-1",))])
        order = await ask(shop, replace(request, promotion_code="SPRING"))
        assert isinstance(order, Order)
        amounts = [[line.price.amount_minor for line in part.lines] for part in order.parts]
        assert amounts == [[2_500], [1_250, 1_250], [2_500]]
        assert {use.count for use in order.uses} == {2}
        other = wish(world, [(SHOW, ("A-3",))], "2")
        refusal = await ask(shop, replace(other, promotion_code="SPRING"), "2")
        assert refusal == PromotionNotValid("SPRING", "it is for other performances")


async def test_a_part_out_of_a_hold_with_other_seats_is_refused_by_its_place() -> None:
    world = three_evenings()
    async with Shop(world) as shop:
        request = wish(world, TWO)
        until_ms = world.clock.now_ms() + 600_000
        world.inventory.hold(THIRD_SHOW, a_hold("B-1", hold_id="hold_b", holder_id="holder_1", until_ms=until_ms))
        wrong = replace(request.parts[1], performance_id=THIRD_SHOW, hold_id="hold_b")
        refusal = await ask(shop, replace(request, parts=(request.parts[0], wrong)))
        assert isinstance(refusal, PartsRefused)
        assert (refusal.places, refusal.reasons) == ((1,), ("SEATS_NOT_HELD",))


COMPONENTS = st.lists(
    st.builds(
        Component,
        st.just(ComponentKind.BASE),
        st.integers(0, 20_000),
        st.sampled_from(["full", "reduced"]),
        st.just(700),
    ),
    min_size=1,
    max_size=1,
).map(tuple)


def a_listed(components: tuple[Component, ...], seats: int) -> Listed:
    """A part with so many seats of one price, with a fee of another tax."""
    fee = Component(ComponentKind.SERVICE_FEE, 150, "full", 1_900)
    whole = (*components, fee)
    amount = sum(one.amount_minor for one in whole)
    prices = PriceList("EUR", {("stalls", "normal"): amount}, components={("stalls", "normal"): whole})
    found = listed([SeatChoice(f"A-{seat + 1}") for seat in range(seats)], prices, a_plan(), PLAN)
    assert isinstance(found, Listed)
    return found


@given(
    parts=st.lists(st.tuples(COMPONENTS, st.integers(1, 5)), min_size=1, max_size=6),
    effect=st.one_of(
        st.none(),
        st.integers(1, 10_000).map(PercentOff),
        st.integers(0, 20_000).map(FixedPrice),
    ),
    rounding=st.sampled_from(VatRounding),
)
def test_lines_and_their_taxes_come_to_the_order_to_the_cent(
    parts: list[tuple[tuple[Component, ...], int]],
    effect: PercentOff | FixedPrice | None,
    rounding: VatRounding,
) -> None:
    lists = [a_listed(components, seats) for components, seats in parts]
    promotion = None if effect is None else Promotion("spring", effect)
    found = priced_parts(lists, promotion, rounding)
    if isinstance(found, Refusal):
        assert promotion is not None
        return
    lines = [line for of_part in found.lines for line in of_part]
    assert [len(of_part) for of_part in found.lines] == [seats for _, seats in parts]
    by_class: dict[tuple[str, int], int] = {}
    taxes: dict[tuple[str, int], int] = {}
    for line in lines:
        assert line.price.amount_minor == sum(one.amount_minor for one in line.components) >= 0
        for one in line.components:
            assert 0 <= one.vat.amount_minor <= one.amount_minor
            key = (one.vat.vat_class, one.vat.rate_basis_points)
            by_class[key] = by_class.get(key, 0) + one.amount_minor
            taxes[key] = taxes.get(key, 0) + one.vat.amount_minor
    if rounding is VatRounding.HALF_UP_PER_ORDER:
        # Over all performances together, for they are one bill.
        assert taxes == {key: vat_contained(gross, key[1], rounding) for key, gross in by_class.items()}
