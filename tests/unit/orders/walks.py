"""Ways of orders through their states: what may be told to them, and what healthy neighbours make of them."""

from __future__ import annotations

import pytest

from services.orders.domain import commands
from services.orders.domain.order import Dispute, Money, Order, OrderState, PaymentStatus, SeatStatus
from services.orders.domain.refunds import due_refund
from services.orders.domain.steps import NextStep, Step, next_step
from services.orders.domain.transitions import apply_all, decide
from services.runtime.errors import Refusal
from tests.unit.orders.builders import NOW_MS, an_order, tickets_for

PAY_UNTIL_MS = NOW_MS + 60_000
CHECK_OUT = commands.CheckOut(Money(5_000, "EUR"), "https://shop.example/", PAY_UNTIL_MS)
PENDING = commands.PaymentPending("pay_1", "https://pay.example/1")
SUCCEEDED = commands.PaymentSucceeded("pay_1")
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
        commands.GiveUpUnpaid(),
        *of_parts,
        commands.PaymentRefused(),
        PENDING,
        SUCCEEDED,
        commands.PaymentFailed("pay_1"),
        commands.PaymentCancelled("pay_1"),
        commands.PaymentRefunded("pay_1"),
        commands.PaymentPartlyRefunded("pay_1", 1_000),
        commands.PaymentDisputeChanged("pay_1", Dispute.OPEN),
    ]


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
    ]


def is_sound(order: Order) -> None:
    """What holds in every state that can be reached."""
    if order.state is OrderState.CONFIRMED:
        assert order.is_free or order.payment is PaymentStatus.CAPTURED
        assert all(part.seats is SeatStatus.SOLD for part in order.parts)
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
    assert (order.state is OrderState.REFUND_DUE) == (due_refund(order.refunds) is not None)
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
        Step.CREATE_PAYMENT: commands.PaymentPending(order.payment_id or "pay_1", "https://pay.example/1"),
        Step.LOOK_AT_PAYMENT: SUCCEEDED if pays else PENDING,
        Step.CANCEL_PAYMENT: SUCCEEDED if pays else commands.PaymentCancelled("pay_1"),
        Step.REFUND_PAYMENT: commands.PaymentRefunded("pay_1") if refund_asked else PENDING,
        Step.GIVE_UP: commands.GiveUpUnpaid(),
    }
    return answers[due.step]


def brought_to_its_end(order: Order, *, seats_are_there: bool, pays: bool) -> Order:
    """What the saga makes of it when nothing fails any more and time passes."""
    now_ms = PAY_UNTIL_MS + 1 if not pays else NOW_MS
    for _ in range(12 * len(order.parts)):
        step = next_step(order, now_ms)
        if step is None:
            return order
        order = told(order, fair_answer(order, step, seats_are_there=seats_are_there, pays=pays), now_ms=now_ms)
    pytest.fail(f"{order.state} does not end")
