"""Packages and season tickets: one price for several performances, shared over the tickets to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.channels import Channel
from services.contracts.prices import Component, ComponentKind, PercentOff, VatRounding, vat_contained
from services.orders.domain.order import LineDiscount, Money, Order, OrderLine, TicketKind
from services.orders.domain.packages import EachNthFree, FixedPrices, Package, Packaged, PackageRule, packaged
from services.orders.domain.pricing import Listed, PricedParts, priced_parts
from services.orders.domain.refusals import CustomerLimitReached, PackageNotValid, PackageUnknown, UsesExhausted
from services.orders.domain.uses import CountedUse, customer_package_use, customer_use, package_of, without_tickets
from services.orders.handlers.order_request import PriceRequest
from services.orders.handlers.quoting import SignedQuote
from services.runtime.errors import Refusal
from tests.unit.orders.builders import HOUSE, NEXT_SHOW, NOW_MS, SHOW
from tests.unit.orders.evenings import EVENINGS, THIRD_SHOW, ask, three_evenings, wish
from tests.unit.orders.rig import Shop, World, ref_of

Wanted = Sequence[tuple[str, Sequence[str]]]

SEASON = Package("season", PercentOff(2_000), EVENINGS, least=3, most=3)
ALL = [(show, ("A-1", "A-2")) for show in EVENINGS]


def selling(package: Package) -> World:
    world = three_evenings()
    world.catalogue.sell(HOUSE, package)
    return world


async def bought(package: Package, wanted: Wanted) -> Order | Refusal:
    world = selling(package)
    async with Shop(world) as shop:
        return await ask(shop, replace(wish(world, wanted), package_id=package.package_id))


def amounts(order: Order | Refusal) -> list[list[int]]:
    assert isinstance(order, Order), order
    return [[line.price.amount_minor for line in part.lines] for part in order.parts]


async def why_not(package: Package, wanted: Wanted) -> tuple[str, ...]:
    refusal = await bought(package, wanted)
    assert isinstance(refusal, PackageNotValid), refusal
    return refusal.why


async def test_a_package_is_an_order_of_several_parts_at_its_price() -> None:
    order = await bought(SEASON, ALL)
    assert amounts(order) == [[2_000, 2_000]] * 3
    assert isinstance(order, Order)
    assert order.total == Money(12_000, "EUR")
    assert order.parts[0].lines[0].discount == LineDiscount("season", 500)
    assert order.uses == (CountedUse("package:season", 2, 0),)
    assert package_of(order.uses) == "season"


async def test_a_fixed_price_is_shared_over_the_performances_and_fees_stay() -> None:
    package = replace(SEASON, rule=FixedPrices({"stalls": 6_000, "balcony": 4_000}))
    assert amounts(await bought(package, ALL)) == [[2_000, 2_000]] * 3
    mixed = [(show, ("A-1", "Z-1")) for show in EVENINGS]
    shares = amounts(await bought(package, mixed))
    assert [sum(column) for column in zip(*shares, strict=True)] == [6_000, 4_000]
    dear = replace(SEASON, rule=FixedPrices({"stalls": 99_999}))
    assert amounts(await bought(dear, ALL)) == [[2_500, 2_500]] * 3


async def test_every_nth_is_free_and_it_is_the_cheapest() -> None:
    package = replace(SEASON, rule=EachNthFree(3))
    wanted = [(SHOW, ("A-1",)), (NEXT_SHOW, ("Z-1",)), (THIRD_SHOW, ("A-1",))]
    assert amounts(await bought(package, wanted)) == [[2_500], [0], [2_500]]


async def test_some_of_many_may_be_chosen_and_too_few_or_too_many_are_told() -> None:
    choose = replace(SEASON, least=2, most=2)
    assert amounts(await bought(choose, ALL[:2])) == [[2_000, 2_000]] * 2
    assert await why_not(choose, ALL[:1]) == ("2 of its performances are needed, there are 1",)
    assert await why_not(choose, ALL) == ("at most 2 of its performances may be taken, there are 3",)


@pytest.mark.parametrize(
    ("package", "wanted", "why"),
    [
        (SEASON, ALL[:2], ("perf_3 is missing",)),
        (replace(SEASON, performance_ids=EVENINGS[:2], least=2, most=2), ALL, ("perf_3 is not in it",)),
        (
            SEASON,
            [*ALL[:2], (THIRD_SHOW, ("A-1",))],
            ("each performance needs as many seats: there are 2 of perf_1, 2 of perf_2, 1 of perf_3",),
        ),
        (
            replace(SEASON, categories=frozenset({"balcony"})),
            [(show, ("A-1",)) for show in EVENINGS],
            tuple(f"category stalls of {show} is not in it, but balcony" for show in EVENINGS),
        ),
        (replace(SEASON, channels=frozenset({Channel.BOX_OFFICE})), ALL, ("it is sold by BOX_OFFICE",)),
        (replace(SEASON, ends_at_ms=1), ALL, ("it is no longer sold",)),
        (replace(SEASON, starts_at_ms=NOW_MS * 2), ALL, ("it is not sold yet",)),
        (
            replace(SEASON, rule=FixedPrices({"balcony": 1_000})),
            [(show, ("A-1",)) for show in EVENINGS],
            ("category stalls has no price in it, but balcony",),
        ),
        (
            replace(SEASON, rule=FixedPrices({"balcony": 1_000, "stalls": 2_000})),
            [(SHOW, ("A-1",)), (NEXT_SHOW, ("Z-1",)), (THIRD_SHOW, ("A-1",))],
            ("seat 1 of each performance is of one category, not balcony, stalls",),
        ),
        (
            replace(SEASON, same_seats=True),
            [(SHOW, ("A-1",)), (NEXT_SHOW, ("A-1",)), (THIRD_SHOW, ("A-2",))],
            ("seat A-1 is not taken in perf_3: it has the same seats everywhere",),
        ),
    ],
)
async def test_what_does_not_fit_is_named(package: Package, wanted: Wanted, why: tuple[str, ...]) -> None:
    assert await why_not(package, wanted) == why


async def test_all_that_does_not_fit_is_told_at_once() -> None:
    package = replace(SEASON, ends_at_ms=1, ticket_types=frozenset({"student"}))
    assert len(await why_not(package, ALL[:2])) == 4


async def test_a_season_ticket_has_its_seats_in_whatever_order_they_are_named() -> None:
    season = replace(SEASON, same_seats=True, rule=FixedPrices({"stalls": 6_000, "balcony": 3_000}))
    wanted = [(SHOW, ("A-1", "Z-1")), (NEXT_SHOW, ("Z-1", "A-1")), (THIRD_SHOW, ("A-1", "Z-1"))]
    order = await bought(season, wanted)
    assert isinstance(order, Order)
    of_seat = {
        seat: sum(line.price.amount_minor for line in order.lines if line.seat_id == seat) for seat in ("A-1", "Z-1")
    }
    assert of_seat == {"A-1": 6_000, "Z-1": 3_000}


async def test_a_package_that_the_house_does_not_sell_is_unknown() -> None:
    world = selling(SEASON)
    async with Shop(world) as shop:
        refusal = await ask(shop, replace(wish(world, ALL), package_id="other"))
        assert refusal == PackageUnknown("other")


async def test_packages_are_counted_in_all_and_for_each_customer_and_come_back_with_the_order() -> None:
    world = selling(replace(SEASON, max_uses=3, max_per_customer=2))
    async with Shop(world) as shop:
        first = await ask(shop, replace(wish(world, ALL), package_id="season"))
        assert isinstance(first, Order)
        assert first.uses[1] == customer_package_use(first.customer_id, "season", 2, 2)
        more = wish(world, [(show, ("B-1",)) for show in EVENINGS], "2")
        refusal = await ask(shop, replace(more, package_id="season"), "2")
        assert refusal == CustomerLimitReached("package", "season", limit=2, has=2, wanted=1)
        await shop.desk.cancel(ref_of(first), 1.0)
        assert isinstance(await ask(shop, replace(more, package_id="season"), "3"), Order)
        world.catalogue.sell(HOUSE, replace(SEASON, max_uses=2))
        many = wish(world, [(show, ("C-1", "C-2")) for show in EVENINGS], "4")
        assert await ask(shop, replace(many, package_id="season"), "4") == UsesExhausted("package:season", 1, 2)


async def test_a_quoted_package_keeps_its_price_and_its_limits() -> None:
    world = selling(replace(SEASON, max_per_customer=2))
    async with Shop(world) as shop:
        request = replace(wish(world, ALL), package_id="season")
        quote = await shop.quoter.quote(
            PriceRequest(house_id=HOUSE, parts=request.parts, channel=Channel.ONLINE, package_id="season")
        )
        assert isinstance(quote, SignedQuote)
        world.catalogue.sell(HOUSE, replace(SEASON, rule=PercentOff(1)))
        order = await ask(shop, replace(request, quote=quote.text))
        assert isinstance(order, Order)
        assert order.total == quote.quote.total == Money(12_000, "EUR")
        assert package_of(order.uses) == "season"
        assert order.uses[1].limit == 2


def test_a_ticket_that_goes_back_gives_no_package_back() -> None:
    uses = (customer_package_use("cus_1", "season", 2, 2), customer_use("cus_1", SHOW, 2, 4))
    assert without_tickets(uses, {SHOW: 1, "season": 2}) == (uses[0], customer_use("cus_1", SHOW, 1, 4))


PRICE = st.tuples(st.integers(0, 30_000), st.integers(0, 3_000), st.integers(0, 500))


def a_listed(prices: list[tuple[int, int, int]]) -> Listed:
    made_of = tuple(
        (
            Component(ComponentKind.BASE, base, "reduced", 900),
            Component(ComponentKind.THEATRE_SURCHARGE, surcharge, "full", 2_100),
            Component(ComponentKind.SERVICE_FEE, fee, "full", 2_100),
        )
        for base, surcharge, fee in prices
    )
    lines = tuple(
        OrderLine(f"A-{place}", "stalls", "normal", Money(sum(price), "EUR"), kind=TicketKind.NORMAL)
        for place, price in enumerate(prices)
    )
    return Listed(lines, made_of)


@given(
    seats=st.integers(1, 4).flatmap(
        lambda count: st.lists(st.lists(PRICE, min_size=count, max_size=count), min_size=2, max_size=8)
    ),
    rule=st.one_of(
        st.integers(1, 10_000).map(PercentOff),
        st.integers(2, 20).map(EachNthFree),
        st.integers(0, 90_000).map(lambda amount: FixedPrices({"stalls": amount})),
    ),
    rounding=st.sampled_from(VatRounding),
)
def test_shares_and_taxes_of_a_package_add_up_to_the_cent_and_nothing_is_negative(
    seats: list[list[tuple[int, int, int]]], rule: PackageRule, rounding: VatRounding
) -> None:
    parts = {f"perf_{place}": a_listed(prices) for place, prices in enumerate(seats)}
    package = Package("season", rule, tuple(parts), least=len(parts), most=len(parts))
    lower = packaged(package, parts, Channel.ONLINE, NOW_MS, rounding)
    assert isinstance(lower, Packaged)
    found = priced_parts(lower.parts, None, rounding)
    assert isinstance(found, PricedParts)
    for number in range(len(seats[0])):
        before = [part[number] for part in seats]
        after = [of_part[number] for of_part in found.lines]
        full = sum(base + surcharge for base, surcharge, _ in before)
        fees = sum(fee for _, _, fee in before)
        paid = sum(line.price.amount_minor for line in after)
        assert fees <= paid <= full + fees
        if isinstance(rule, FixedPrices):
            assert paid == min(full, rule.amounts["stalls"]) + fees
        for line, (base, surcharge, fee) in zip(after, before, strict=True):
            saved = line.discount.amount_minor if line.discount else 0
            assert line.price.amount_minor + saved == base + surcharge + fee
            assert line.price.amount_minor == sum(one.amount_minor for one in line.components)
            assert all(0 <= one.vat.amount_minor <= one.amount_minor for one in line.components)
            if rounding is not VatRounding.HALF_UP_PER_ORDER:
                for rate in (900, 2_100):
                    gross = sum(one.amount_minor for one in line.components if one.vat.rate_basis_points == rate)
                    tax = sum(one.vat.amount_minor for one in line.components if one.vat.rate_basis_points == rate)
                    assert tax == vat_contained(gross, rate, rounding)
