"""R2.9: the price shown is the price charged: a quote holds for minutes, for exactly its seats, and is not forged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contracts.channels import Channel
from services.contracts.prices import Component, ComponentKind, PercentOff
from services.orders.adapters.signed_quotes import SignedQuotes
from services.orders.domain.order import Money, Order, Vat
from services.orders.domain.pricing import PriceList, vat_totals
from services.orders.domain.promotions import Promotion
from services.orders.domain.quote import Quote, QuotedPart
from services.orders.domain.refusals import NotOnSale, QuoteDiffers, QuoteExpired, QuoteInvalid
from services.orders.handlers.order_request import OrderRequest, PriceRequest
from services.orders.handlers.quoting import SignedQuote
from services.runtime.errors import FieldInvalid
from tests.unit.orders.builders import HOUSE, NEXT_SHOW, PRICES, SHOW, a_part, an_offer
from tests.unit.orders.evenings import ask, put, three_evenings, wish
from tests.unit.orders.rig import QUOTE_MS, Shop, World

TWO = ((SHOW, ("A-1", "A-2")), (NEXT_SHOW, ("Z-1",)))
DEARER = replace(PRICES, amounts={key: amount * 2 for key, amount in PRICES.amounts.items()})


async def quoted(shop: Shop, request: OrderRequest) -> SignedQuote:
    """What QuoteOrder tells of the seats that are to be ordered."""
    found = await shop.quoter.quote(
        PriceRequest(
            house_id=request.house_id,
            parts=request.parts,
            channel=request.channel,
            promotion_code=request.promotion_code,
            discount_id=request.discount_id,
        )
    )
    assert isinstance(found, SignedQuote), found
    return found


def dearer(world: World) -> None:
    for show in (SHOW, NEXT_SHOW):
        put(world, replace(an_offer(), performance_id=show, prices=DEARER))


async def test_r2_9_an_order_costs_what_was_quoted_though_the_list_has_changed_since() -> None:
    world = three_evenings()
    async with Shop(world) as shop:
        request = wish(world, TWO)
        quote = await quoted(shop, request)
        assert quote.quote.total == Money(6_800, "EUR")
    dearer(world)
    # Another process, which remembers nothing of before.
    async with Shop(world) as shop:
        other = await ask(shop, wish(world, [(SHOW, ("B-1",))], "2"), "2")
        assert isinstance(other, Order)
        assert other.total == Money(5_000, "EUR")
        order = await ask(shop, replace(request, quote=quote.text))
        assert isinstance(order, Order)
        assert order.total == Money(6_800, "EUR")
        assert tuple(part.lines for part in order.parts) == tuple(part.lines for part in quote.quote.parts)
        paying = await shop.checked_out(order)
        assert shop.payment(paying).ref.order_id == order.order_id


async def test_a_price_is_told_for_seats_that_nobody_holds_and_nothing_is_kept() -> None:
    world = three_evenings()
    async with Shop(world) as shop:
        request = wish(world, TWO)
        for part in request.parts:
            world.inventory.end_hold(part.performance_id, part.hold_id)
        await quoted(shop, request)
        assert not world.store.all_orders()  # type: ignore[attr-defined]


async def test_a_quote_ends_on_the_dot() -> None:
    world = three_evenings()
    async with Shop(world) as shop:
        request = wish(world, TWO)
        quote = await quoted(shop, request)
        left_ms = quote.quote.expires_at_ms - world.clock.now_ms()
        assert 0 < left_ms <= QUOTE_MS
        over = replace(quote.quote, expires_at_ms=world.clock.now_ms())
        text = SignedQuotes(["a-secret-of-the-tests"]).signed(over)
        assert await ask(shop, replace(request, quote=text)) == QuoteExpired(over.expires_at_ms)


async def test_a_quote_that_was_changed_or_made_elsewhere_is_refused_and_so_is_another_houses() -> None:
    world = three_evenings()
    async with Shop(world) as shop:
        request = wish(world, TWO)
        quote = await quoted(shop, request)
        cheap = replace(quote.quote, parts=tuple(replace(part, lines=part.lines[:1]) for part in quote.quote.parts))
        forged = SignedQuotes(["another-secret-of-somebody"]).signed(cheap)
        foreign = SignedQuotes(["a-secret-of-the-tests"]).signed(replace(quote.quote, house_id="house_b"))
        payload, signature = quote.text.rsplit(".", 1)
        changed = f"{payload[:-1]}{'A' if payload[-1] != 'A' else 'B'}.{signature}"
        for text in (forged, foreign, changed, payload, "x", "..", f"{payload}.", f".{signature}", "\N{SNOWMAN}"):
            assert await ask(shop, replace(request, quote=text)) == QuoteInvalid(), text
        assert not world.store.all_orders()  # type: ignore[attr-defined]


def test_a_quote_of_the_secret_before_is_believed_until_that_secret_goes() -> None:
    old, new = "the-secret-of-last-year", "the-secret-of-this-year"
    text = SignedQuotes([old]).signed(a_quote())
    assert SignedQuotes([new, old]).read(text) == a_quote()
    assert SignedQuotes([new]).read(text) is None
    assert SignedQuotes([old]).read(SignedQuotes([new, old]).signed(a_quote())) is None


def a_quote() -> Quote:
    part = QuotedPart(SHOW, 3, a_part().lines, ((), ()))
    return Quote(HOUSE, Channel.ONLINE, (part,), "EUR", 1_900_000_000_000)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ([(SHOW, ("A-1", "A-3")), (NEXT_SHOW, ("Z-1",))], "seats of perf_1 are A-1 (normal), A-2 (normal)"),
        ([(SHOW, ("A-1", "A-2"))], "performances are perf_1, perf_2"),
        ([(NEXT_SHOW, ("Z-1",)), (SHOW, ("A-1", "A-2"))], "performances are perf_1, perf_2"),
    ],
)
async def test_what_is_not_quoted_is_refused_with_what_was(
    wanted: list[tuple[str, tuple[str, ...]]], told: str
) -> None:
    world = three_evenings()
    async with Shop(world) as shop:
        request = wish(world, TWO)
        quote = await quoted(shop, request)
        for part in request.parts:
            world.inventory.end_hold(part.performance_id, part.hold_id)
        refusal = await ask(shop, replace(wish(world, wanted, "2"), quote=quote.text), "2")
        assert refusal == QuoteDiffers((told,))


async def test_another_ticket_type_channel_or_code_than_quoted_is_refused() -> None:
    world = three_evenings()
    async with Shop(world) as shop:
        request = wish(world, TWO)
        quote = await quoted(shop, request)
        asked = replace(request, quote=quote.text)
        seats = tuple(replace(one, ticket_type="student") for one in request.parts[0].seats)
        first = replace(request.parts[0], seats=seats)
        cheaper = await ask(shop, replace(asked, parts=(first, request.parts[1])))
        assert isinstance(cheaper, QuoteDiffers)
        assert await ask(shop, replace(asked, channel=Channel.BOX_OFFICE), "2") == QuoteDiffers(("channel is ONLINE",))
        assert await ask(shop, replace(asked, promotion_code="OTHER"), "3") == QuoteDiffers(("promotion_code is none",))
        assert isinstance(await ask(shop, asked, "4"), Order)


async def test_seats_of_another_plan_than_quoted_are_refused() -> None:
    world = three_evenings()
    async with Shop(world) as shop:
        request = wish(world, [(SHOW, ("A-1",))])
        quote = await quoted(shop, request)
        older = replace(quote.quote, parts=(replace(quote.quote.parts[0], plan_version=2),))
        text = SignedQuotes(["a-secret-of-the-tests"]).signed(older)
        refusal = await ask(shop, replace(request, quote=text))
        assert refusal == QuoteDiffers(("seating plan of perf_1 is version 2",))


async def test_a_quoted_promotion_holds_though_it_ends_and_its_uses_are_counted_with_the_order() -> None:
    world = three_evenings()
    promotion = Promotion("spring", PercentOff(5_000), code="SPRING", max_uses=3)
    world.catalogue.promote(HOUSE, promotion)
    async with Shop(world) as shop:
        request = wish(world, TWO)
        quote = await quoted(shop, replace(request, promotion_code="SPRING"))
        world.catalogue.promote(HOUSE, replace(promotion, ends_at_ms=1))
        order = await ask(shop, replace(request, quote=quote.text))
        assert isinstance(order, Order)
        assert order.total == Money(3_400, "EUR")
        assert {use.count for use in order.uses} == {3}
        again = wish(world, [(SHOW, ("C-1", "C-2")), (NEXT_SHOW, ("Z-2",))], "2")
        over = await ask(shop, replace(again, quote=""), "2")
        assert isinstance(over, Order)


async def test_a_quote_says_the_tax_in_its_total_by_class() -> None:
    world = three_evenings()
    components = {
        ("stalls", "normal"): (
            Component(ComponentKind.BASE, 2_180, "reduced", 900),
            Component(ComponentKind.SERVICE_FEE, 121, "full", 2_100),
        )
    }
    prices = PriceList("EUR", {("stalls", "normal"): 2_301}, components=components)
    put(world, replace(an_offer(), prices=prices))
    async with Shop(world) as shop:
        quote = await quoted(shop, wish(world, [(SHOW, ("A-1", "A-2"))]))
        assert quote.quote.total == Money(4_602, "EUR")
        assert vat_totals(quote.quote.lines) == (Vat("full", 2_100, 42), Vat("reduced", 900, 360))


async def test_what_cannot_be_sold_has_no_price() -> None:
    world = three_evenings()
    async with Shop(world) as shop:
        request = wish(world, [(SHOW, ("A-1",))])
        seats = tuple(replace(one, ticket_type="senior") for one in request.parts[0].seats)
        wrong = replace(request.parts[0], seats=seats)
        found = await shop.quoter.quote(PriceRequest(house_id=HOUSE, parts=(wrong,), channel=Channel.ONLINE))
        assert found.reason() == "TICKET_TYPE_UNKNOWN"  # type: ignore[union-attr]
    put(world, an_offer(seats_per_holder=1))
    async with Shop(world) as shop:
        many = wish(world, [(SHOW, ("B-1", "B-2"))], "2")
        found = await shop.quoter.quote(PriceRequest(house_id=HOUSE, parts=many.parts, channel=Channel.ONLINE))
        assert isinstance(found, FieldInvalid)
    put(world, an_offer(on_sale=False))
    async with Shop(world) as shop:
        found = await shop.quoter.quote(PriceRequest(house_id=HOUSE, parts=request.parts, channel=Channel.ONLINE))
        assert found == NotOnSale(SHOW)
