"""A card that has paid for enough tickets buys no more: never charged, or refunded whole, and the limit is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.orders.api.messages import order_message
from services.orders.domain import commands
from services.orders.domain.exchanges import Exchange
from services.orders.domain.instrument_limits import limited_tickets, tickets_ended_by
from services.orders.domain.order import CancelReason, LineStatus, OrderState, PaymentStatus
from services.orders.domain.refunds import LineRef
from tests.unit.orders.builders import SHOW, an_offer, an_order
from tests.unit.orders.evenings import ordered, put, three_evenings
from tests.unit.orders.rig import Shop
from tests.unit.orders.walks import CHECK_OUT, SUCCEEDED, brought_to_its_end, confirmed, paying, told

FIRST = LineRef(SHOW, "A-1")


@pytest.mark.parametrize("ended", [commands.PaymentCancelled, commands.PaymentFailed])
def test_what_was_only_authorised_ends_the_order_with_the_limit_as_its_reason(
    ended: type[commands.PaymentCancelled | commands.PaymentFailed],
) -> None:
    order = told(paying(), ended("pay_1", over_limit=True))
    assert (order.state, order.cancel_reason) == (OrderState.CANCELLING, CancelReason.INSTRUMENT_LIMIT)
    order = told(order, commands.SeatsFreed())
    assert (order.state, order.cancel_reason) == (OrderState.CANCELLED, CancelReason.INSTRUMENT_LIMIT)


def test_money_that_came_at_once_goes_back_whole_and_the_seats_are_free() -> None:
    order = told(paying(), commands.PaymentSucceeded("pay_1", over_limit=True))
    assert (order.state, order.cancel_reason) == (OrderState.REFUND_DUE, CancelReason.INSTRUMENT_LIMIT)
    assert order.unclaimed_minor == 0
    end = brought_to_its_end(order, seats_are_there=True, pays=True)
    assert (end.state, end.payment) == (OrderState.REFUNDED, PaymentStatus.REFUNDED)
    assert all(part.seats.value == "FREED" for part in end.parts)
    assert not end.tickets


def test_what_was_sold_already_stays_sold() -> None:
    assert told(confirmed(), commands.PaymentSucceeded("pay_1", over_limit=True)) == confirmed()


async def test_an_order_has_the_limits_of_its_performances_and_tells_them() -> None:
    world = three_evenings()
    put(world, replace(an_offer(), performance_id=SHOW, instrument_limit=4))
    async with Shop(world) as shop:
        order = await ordered(shop, (SHOW, ("A-1", "A-2")), ("perf_3", ("B-1",)), name="1")
    assert order.instrument_limits == ((SHOW, 4),)
    told_limits = [(one.performance_id, one.most) for one in order_message(order).instrument_limits]
    assert told_limits == [(SHOW, 4)]


def test_a_refund_tells_how_many_tickets_have_ended_with_it() -> None:
    order = an_order(seats=("A-1", "A-2", "A-3"))
    sale = told(order, replace(CHECK_OUT, expected_total=order.total), commands.SeatsClaimed(), SUCCEEDED)
    assert all(line.status is LineStatus.VALID for line in sale.lines)
    sold = told(confirmed())
    first = LineRef(SHOW, sold.first.seat_ids[0])
    money = told(sold, commands.ActOnLines((first,), refund=commands.RefundTerms(fee_minor=100)))
    assert tickets_ended_by(money, money.refunds[0]) == ()
    gone = told(sold, commands.ActOnLines((first,), cancel=True, refund=commands.RefundTerms()))
    assert tickets_ended_by(gone, gone.refunds[0]) == ((SHOW, 1),)


def test_what_one_act_gives_back_in_two_refunds_ends_its_tickets_once() -> None:
    """An exchange pays the new order and gives the rest back: two refunds of the same lines."""
    gone = told(confirmed(), commands.ActOnLines((FIRST,), cancel=True, refund=commands.RefundTerms(), act_id="act_1"))
    (whole,) = gone.refunds
    parts = (replace(whole, amount_minor=1_000), replace(whole, refund_id="ref_2", amount_minor=1_500))
    gone = replace(gone, refunds=parts)
    assert [tickets_ended_by(gone, one) for one in parts] == [((SHOW, 1),), ()]


def test_a_ticket_that_is_instead_of_another_of_the_performance_stays_with_the_card_that_has_paid() -> None:
    """Or whoever exchanges, and pays nothing for it, buys as many again with one card as often as the house lets it."""
    old = told(confirmed(), commands.ActOnLines((FIRST,), cancel=True, refund=commands.RefundTerms(), act_id="ord_2"))
    new = an_order(order_id="ord_2", seats=("B-1", "B-2"))
    new = replace(new, instrument_limits=((SHOW, 4),), exchange=Exchange("ord_1", (FIRST,), 2_500, 2_500, "pay_1"))
    assert tickets_ended_by(old, old.refunds[0], new) == ()
    assert limited_tickets(new) == ((SHOW, 1, 4),), "the other one is new to the card that pays for it"
    elsewhere = replace(new, parts=(replace(new.first, performance_id="perf_other"),))
    assert tickets_ended_by(old, old.refunds[0], elsewhere) == ((SHOW, 1),)
    assert limited_tickets(replace(elsewhere, instrument_limits=(("perf_other", 4),))) == (("perf_other", 2, 4),)
