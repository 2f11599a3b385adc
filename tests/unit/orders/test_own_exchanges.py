"""A buyer of another session exchanges by the order's number and a code of it, as the house lets its buyers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contracts.order_code_refusals import OrderCodeWrong
from services.orders.domain.buyer_policy import HOUR_MS, ExchangeRules, RequestRule
from services.orders.domain.exchange_refusals import ExchangeNotLet, ExchangeTooLate, LinesInExchange
from services.orders.domain.order import Order
from services.orders.domain.refunds import LineRef
from services.orders.domain.request_refusals import LinesNotHeld, TicketsPassedOn
from services.orders.handlers.exchanges import QuotedExchange
from services.orders.handlers.order_request import ExchangeRequest
from services.runtime.errors import Refusal
from tests.unit.orders.builders import HOUSE, SHOW, a_plan, an_offer
from tests.unit.orders.rig import Shop, answered, ref_of
from tests.unit.orders.test_exchanges import as_buyer, in_shop, settled, sold

LET = ExchangeRules(RequestRule.GRANTED, until_hours_before=2, fee_minor=200)


def codes(order: Order, *seats: str) -> tuple[str, ...]:
    """As they are on the tickets of these seats."""
    return tuple(ticket.barcode for ticket in order.tickets if ticket.seat_id in seats)


async def quoted(shop: Shop, order: Order, *seats: str, code: str = "") -> QuotedExchange | Refusal:
    """By a code, the first ticket's where none is given."""
    lines = tuple(LineRef(SHOW, seat) for seat in seats)
    return await shop.exchanges.quote(ref_of(order), code or order.tickets[0].barcode, lines)


async def ordered(
    shop: Shop, old: Order, *seats: str, by: tuple[str, ...] = (), wants: tuple[str, ...] = ("A-3",), name: str = "new"
) -> Order | Refusal:
    """What a buyer who has never been here before gets for these seats; `by` codes, or by those of the seats."""
    lines = tuple(LineRef(SHOW, seat) for seat in seats)
    request = ExchangeRequest(old.order_id, lines, codes=by or codes(old, *seats))
    answer = await as_buyer(f"holder_{name}", shop.try_ordered(*wants, name=name, exchange=request))
    if isinstance(answer, Refusal):
        shop.world.inventory.end_hold(SHOW, f"hold_{name}")
    return answer


def test_r2_9_whoever_shows_a_code_exchanges_from_another_session_for_what_was_told_before() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2")
        shop.world.policies.exchanges[SHOW] = LET
        told = await quoted(shop, old, "A-1")
        assert told == QuotedExchange((LineRef(SHOW, "A-1"),), "EUR", 2_300, 200, 0)
        whole = await quoted(shop, old)
        assert isinstance(whole, QuotedExchange)
        assert ([line.seat_id for line in whole.lines], whole.worth_minor) == (["A-1", "A-2"], 4_600)
        both = answered(await ordered(shop, old, "A-1", "A-2", wants=("A-5", "A-6"), name="both"))
        assert both.to_pay_minor == 400
        new = answered(await ordered(shop, old, "A-1"))
        assert (new.customer_id, new.holder_id, new.to_pay_minor) == (old.customer_id, "holder_new", 200)
        new = await shop.checked_out(new)
        assert await quoted(shop, old, "A-1") == LinesInExchange(old.order_id, new.order_id)
        shop.world.payments.pay(shop.payment(new))
        new = await settled(shop, await shop.ended(new))
        assert [line.seat_id for line in new.lines] == ["A-3"]

    in_shop(story)


def test_a_wrong_code_and_a_number_that_nobody_has_are_told_alike() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1")
        shop.world.policies.exchanges[SHOW] = LET
        wrong = OrderCodeWrong()
        assert await quoted(shop, old, "A-1", code="WRONG") == wrong
        assert await ordered(shop, old, "A-1", by=("WRONG",)) == wrong
        assert await ordered(shop, old, "A-1", by=(*codes(old, "A-1"), "WRONG")) == wrong
        nobodys = replace(old, order_id="ord_none")
        assert await quoted(shop, nobodys, "A-1") == wrong
        assert await ordered(shop, nobodys, "A-1") == wrong

    in_shop(story)


def test_who_has_one_ticket_of_two_cannot_take_the_other() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2")
        shop.world.policies.exchanges[SHOW] = LET
        not_held = LinesNotHeld(old.order_id, (f"{SHOW} A-2",))
        for seats in (("A-2",), ("A-1", "A-2")):
            assert await ordered(shop, old, *seats, by=codes(old, "A-1"), wants=("A-3", "A-4")) == not_held

    in_shop(story)


def test_what_was_passed_on_is_exchanged_neither_by_its_holder_nor_by_the_buyer_with_another_ticket() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2")
        shop.world.policies.exchanges[SHOW] = LET
        first, second = old.tickets
        shop.world.door.passed_on[second.ticket_id] = "cus_ben"
        passed_on = TicketsPassedOn(old.order_id)
        assert await quoted(shop, old, "A-2", code=second.barcode) == passed_on
        assert await ordered(shop, old, "A-2") == passed_on
        assert await ordered(shop, old, "A-1", "A-2", wants=("A-3", "A-4")) == passed_on
        not_held = LinesNotHeld(old.order_id, (f"{SHOW} A-2",))
        assert await quoted(shop, old, "A-1", "A-2", code=first.barcode) == not_held
        mine = await quoted(shop, old, code=first.barcode)
        assert isinstance(mine, QuotedExchange)
        assert mine.lines == (LineRef(SHOW, "A-1"),)

    in_shop(story)


@pytest.mark.parametrize("rule", [RequestRule.NEVER, RequestRule.ASKED])
def test_r5_9_a_code_gives_no_exchange_that_the_house_does_not_let_its_buyers(rule: RequestRule) -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1")
        shop.world.policies.exchanges[SHOW] = replace(LET, rule=rule)
        not_let = ExchangeNotLet(SHOW, rule.value)
        assert await quoted(shop, old, "A-1") == not_let
        assert await ordered(shop, old, "A-1") == not_let
        # A service that shows a buyer's code asks as that buyer, and not as people of the house.
        by_service = ExchangeRequest(old.order_id, (LineRef(SHOW, "A-1"),), codes=codes(old, "A-1"))
        assert await shop.try_ordered("A-4", name="service", exchange=by_service) == not_let

    in_shop(story)


def test_a_code_exchanges_until_so_many_hours_before_and_the_quote_tells_until_when() -> None:
    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1")
        shop.world.policies.exchanges[SHOW] = LET
        until_ms = shop.world.clock.now_ms() + 10_000
        shop.world.catalogue.put(HOUSE, replace(an_offer(), starts_at_ms=until_ms + 2 * HOUR_MS), a_plan())
        # What the catalogue said before is known for a second.
        await shop.world.clock.sleep(1.1)
        told = await quoted(shop, old, "A-1")
        assert isinstance(told, QuotedExchange)
        assert told.until_ms == until_ms
        await shop.world.clock.sleep(10)
        late = ExchangeTooLate(SHOW, until_ms)
        assert await quoted(shop, old, "A-1") == late
        assert await ordered(shop, old, "A-1") == late

    in_shop(story)


def test_the_session_that_bought_takes_nothing_back_by_an_exchange_that_was_passed_on() -> None:
    """Whoever sells a ticket on would have the money for it and, by an exchange, another seat."""

    async def story(shop: Shop) -> None:
        old = await sold(shop, "A-1", "A-2")
        shop.world.policies.exchanges[SHOW] = LET
        by_session = ExchangeRequest(old.order_id, (LineRef(SHOW, "A-2"),))
        both = replace(by_session, lines=(LineRef(SHOW, "A-1"), LineRef(SHOW, "A-2")))
        shop.world.door.passed_on[old.tickets[1].ticket_id] = "cus_ben"
        for seat, request in (("A-3", by_session), ("A-5", both)):
            wanted = shop.try_ordered(seat, name=seat, exchange=request)
            assert await as_buyer(old.holder_id, wanted) == TicketsPassedOn(old.order_id)
        # As ticketing does it: the code that the order knows is void, whoever has the ticket has another.
        tickets = shop.world.ticketing.tickets
        tickets[old.order_id, SHOW, "A-2"] = replace(tickets[old.order_id, SHOW, "A-2"], barcode="another")
        wanted = shop.try_ordered("A-6", name="void", exchange=by_session)
        assert await as_buyer(old.holder_id, wanted) == TicketsPassedOn(old.order_id)
        mine = replace(by_session, lines=(LineRef(SHOW, "A-1"),))
        assert isinstance(await as_buyer(old.holder_id, shop.try_ordered("A-4", name="mine", exchange=mine)), Order)

    in_shop(story)
