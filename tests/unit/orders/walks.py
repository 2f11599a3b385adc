"""Ways of orders through their states: what may be told to them, and what healthy neighbours make of them."""

from __future__ import annotations

import pytest

from services.orders.domain import commands
from services.orders.domain.order import (
    Dispute,
    LineStatus,
    Money,
    Order,
    OrderState,
    PaymentStatus,
    SeatStatus,
)
from services.orders.domain.refund_books import cells_of
from services.orders.domain.refunds import LineRef, RefundMaker, due_minor, due_refund
from services.orders.domain.steps import NextStep, Step, next_step
from services.orders.domain.transitions import apply_all, decide
from services.runtime.errors import Refusal
from tests.unit.orders.builders import NOW_MS, an_order, tickets_for

PAY_UNTIL_MS = NOW_MS + 60_000
CHECK_OUT = commands.CheckOut(Money(5_000, "EUR"), "https://shop.example/", PAY_UNTIL_MS)
PENDING = commands.PaymentPending("pay_1", "https://pay.example/1")
SUCCEEDED = commands.PaymentSucceeded("pay_1")
WITH_CANCELLED_LINES = {OrderState.CONFIRMED, OrderState.REFUND_DUE, OrderState.REFUNDED}
ENDS = {OrderState.CONFIRMED, OrderState.CANCELLED, OrderState.REFUNDED}


def told(order: Order, *steps: commands.Command, now_ms: int = NOW_MS) -> Order:
    """The order after commands that must be accepted."""
    for command in steps:
        decision = decide(order, command, now_ms)
        assert not isinstance(decision, Refusal), decision
        order = apply_all(order, decision)
    return order


def sale_of(order: Order, part: int = 0) -> commands.SaleConfirmed:
    """The sale of a part."""
    return commands.SaleConfirmed(tickets_for(order), part)


def paying() -> Order:
    """Claimed, with a payment under way."""
    return told(an_order(), CHECK_OUT, commands.SeatsClaimed(), PENDING)


def confirmed() -> Order:
    """Sold."""
    return told(paying(), SUCCEEDED, sale_of(an_order()))


def every_command(order: Order) -> list[commands.Command]:
    """Everything that may be told to the order."""
    of_parts = [command for place in range(len(order.parts)) for command in every_answer_of_inventory(order, place)]
    return [
        CHECK_OUT,
        commands.CancelOrder(),
        commands.RefundOrder("rain"),
        *every_act_on_lines(order),
        commands.GiveUpUnpaid(),
        *of_parts,
        commands.PaymentRefused(),
        PENDING,
        SUCCEEDED,
        commands.PaymentFailed("pay_1"),
        commands.PaymentCancelled("pay_1"),
        *(every_word_of_a_limit() if len(order.parts) == 1 else []),
        commands.PaymentRefunded("pay_1"),
        commands.PaymentPartlyRefunded("pay_1", 1_000),
        *([own_refunds_back(order)] if len(order.parts) == 1 else []),
        commands.PaymentDisputeChanged("pay_1", Dispute.OPEN),
    ]


def every_word_of_a_limit() -> list[commands.Command]:
    """The card has paid for as many tickets as the house allows; of one performance, for it is about no part."""
    return [commands.PaymentSucceeded("pay_1", over_limit=True), commands.PaymentCancelled("pay_1", over_limit=True)]


def every_act_on_lines(order: Order) -> list[commands.Command]:
    """The first line by itself, and all that is left; of several performances, the seats of the last."""
    if len(order.parts) > 1:
        last = order.parts[-1].performance_id
        return [commands.ActOnLines((), last, cancel=True, release=True)]
    first = (LineRef(order.first.performance_id, order.first.seat_ids[0]),)
    return [
        commands.ActOnLines(first, cancel=True),
        commands.ActOnLines(first, refund=commands.RefundTerms(fee_minor=100)),
        commands.ActOnLines(release=True),
        commands.ActOnLines(cancel=True, release=True, refund=commands.RefundTerms()),
    ]


def own_refunds_back(order: Order) -> commands.PaymentPartlyRefunded:
    """All that the house owes is back, and what went back before, as payments tells it where it keeps them apart."""
    own = tuple(
        commands.OwnRefund(one.refund_id, one.amount_minor, is_done=True)
        for one in order.refunds
        if one.made_by is RefundMaker.HOUSE
    )
    foreign = sum(one.amount_minor for one in order.refunds if one.made_by is RefundMaker.PROVIDER)
    return commands.PaymentPartlyRefunded("pay_1", foreign + sum(one.back_minor for one in own), own)


def every_answer_of_inventory(order: Order, part: int) -> list[commands.Command]:
    """Everything that inventory may say of a part."""
    return [
        commands.HoldSeen(NOW_MS + 900_000, part),
        commands.HoldGone(part),
        commands.HoldLetGo(part),
        commands.SeatsClaimed(part),
        commands.ClaimRefused(commands.NoClaim.SEATS_GONE, part),
        commands.ClaimRefused(commands.NoClaim.HOLD_ENDED, part),
        commands.ClaimRefused(commands.NoClaim.HOLD_MOVED, part),
        commands.ClaimMissing(part),
        commands.SaleConfirmed(tickets_for(order), part),
        commands.SeatsFreed(part),
        commands.SeatsReleased(order.parts[part].seat_ids, part),
    ]


def is_sound(order: Order) -> None:
    """What holds in every state that can be reached."""
    if order.state is OrderState.CONFIRMED:
        assert order.is_free or order.payment is PaymentStatus.CAPTURED
        for part in order.parts:
            released = all(line.status is LineStatus.RELEASED for line in part.lines)
            assert part.seats is (SeatStatus.FREED if released else SeatStatus.SOLD)
        assert all(tuple(ticket.seat_id for ticket in part.tickets) == part.seat_ids for part in order.parts)
    if order.payment is PaymentStatus.CAPTURED:
        assert order.state in {OrderState.PAID, OrderState.CONFIRMED, OrderState.REFUND_DUE}
    if order.state is OrderState.PAYING:
        assert all(part.seats is SeatStatus.CLAIMED for part in order.parts)
        assert order.payment is PaymentStatus.PENDING
    if order.state is OrderState.REFUND_DUE:
        assert order.payment is PaymentStatus.CAPTURED
    if order.state is OrderState.CANCELLED:
        assert order.payment in {PaymentStatus.NONE, PaymentStatus.ENDED}
    assert (order.state is OrderState.REFUNDED) == (order.refunded == order.total and bool(order.refunds))
    is_owed = due_refund(order.refunds) is not None
    assert is_owed or order.state is not OrderState.REFUND_DUE
    assert not is_owed or order.state in {OrderState.CONFIRMED, OrderState.REFUND_DUE}
    assert order.unclaimed_minor >= 0
    assert all(part.is_whole for part in order.parts) or order.state in WITH_CANCELLED_LINES
    for with_due in (False, True):
        cells = cells_of(order, with_due=with_due)
        assert all(0 <= cell.left_minor <= cell.amount_minor for cell in cells)
        owed = due_minor(order.refunds) if with_due else 0
        assert sum(cell.back_minor for cell in cells) == order.refunded.amount_minor + owed
    back = order.refunded_by_part
    assert sum(back) == order.refunded.amount_minor
    assert all(0 <= minor <= part.total_minor for minor, part in zip(back, order.parts, strict=True))
    if order.payment is PaymentStatus.NONE and not order.is_free:
        assert order.state not in {OrderState.PAYING, OrderState.PAID, OrderState.CONFIRMED}


def fair_answer(order: Order, due: NextStep, *, seats_are_there: bool, pays: bool) -> commands.Command:
    """What healthy neighbours say."""
    part = due.part
    claimed = commands.SeatsClaimed(part) if seats_are_there else commands.ClaimRefused(part=part)
    refund_asked = order.payment is PaymentStatus.CAPTURED
    answers: dict[Step, commands.Command] = {
        Step.LOOK_AT_HOLD: commands.HoldGone(part),
        Step.RELEASE_HOLD: commands.HoldLetGo(part),
        Step.CLAIM_HELD_SEATS: claimed,
        Step.CLAIM_FREE_SEATS: claimed,
        Step.CONFIRM_CLAIM: sale_of(order, part) if seats_are_there else commands.ClaimMissing(part),
        Step.CANCEL_CLAIM: commands.SeatsFreed(part),
        Step.CANCEL_SALE: commands.SeatsFreed(part),
        Step.RELEASE_SEATS: commands.SeatsReleased(order.parts[part].release_due, part),
        Step.CREATE_PAYMENT: commands.PaymentPending(order.payment_id or "pay_1", "https://pay.example/1"),
        Step.LOOK_AT_PAYMENT: SUCCEEDED if pays else PENDING,
        Step.CANCEL_PAYMENT: SUCCEEDED if pays else commands.PaymentCancelled("pay_1"),
        Step.REFUND_PAYMENT: fair_refund(order) if refund_asked else PENDING,
        Step.GIVE_UP: commands.GiveUpUnpaid(),
    }
    return answers[due.step]


def fair_refund(order: Order) -> commands.Command:
    """All that is owed is back; where that is all of the money, the payment is refunded."""
    if order.state is OrderState.REFUND_DUE or not order.unclaimed_minor:
        return commands.PaymentRefunded("pay_1")
    return own_refunds_back(order)


def brought_to_its_end(order: Order, *, seats_are_there: bool, pays: bool) -> Order:
    """What the saga makes of it when nothing fails any more and time passes."""
    now_ms = PAY_UNTIL_MS + 1 if not pays else NOW_MS
    for _ in range(12 * len(order.parts)):
        step = next_step(order, now_ms)
        if step is None:
            return order
        order = told(order, fair_answer(order, step, seats_are_there=seats_are_there, pays=pays), now_ms=now_ms)
    pytest.fail(f"{order.state} does not end")
