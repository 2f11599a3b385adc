"""The order's transition table. decide() answers every command in every state; apply() is the only writer of an order.

Money in means tickets or a refund out (INV-3), and seats go only on proof that no money will come (RULE 25).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import assert_never

from services.orders.domain.changes import (
    CancellingBegan,
    Change,
    CheckOutBegan,
    CheckOutTurnedBack,
    ExchangeClosed,
    ExchangeOpened,
    ExchangeSettled,
    HoldExtended,
    LinesCancelled,
    LinesReleased,
    OrderCancelled,
    OrderConfirmed,
    OrderDisputeChanged,
    OrderPartlyRefunded,
    OrderRefunded,
    PaymentChanged,
    RefundAsked,
    RefundBecameDue,
    ReleaseAsked,
    SeatsChanged,
    StateChanged,
)
from services.orders.domain.commands import (
    ActOnLines,
    CancelOrder,
    CheckOut,
    ClaimMissing,
    ClaimRefused,
    Command,
    EndExchange,
    ExchangeEnded,
    ExchangeLost,
    FreeExchange,
    GiveUpUnpaid,
    HoldGone,
    HoldLetGo,
    HoldSeen,
    OpenExchange,
    OwnRefundDone,
    PaymentCancelled,
    PaymentDisputeChanged,
    PaymentFailed,
    PaymentPartlyRefunded,
    PaymentPending,
    PaymentRefunded,
    PaymentRefused,
    PaymentSucceeded,
    RefundOrder,
    SaleConfirmed,
    SeatsClaimed,
    SeatsFreed,
    SeatsReleased,
)
from services.orders.domain.exchange_refusals import LinesInExchange
from services.orders.domain.exchanging import (
    all_charges,
    exchange_charges,
    locked_by,
    on_exchange,
    with_exchange,
    with_given,
)
from services.orders.domain.line_acts import on_line_acts, on_seats_released, rest_to_release, with_status
from services.orders.domain.order import (
    CancelReason,
    LineStatus,
    Order,
    OrderPart,
    OrderState,
    PaymentStatus,
    SeatStatus,
    Ticket,
)
from services.orders.domain.payment_choice import ANY_WAY
from services.orders.domain.payment_reports import on_payment_report
from services.orders.domain.refund_records import owed, paid_back, partly_refunded
from services.orders.domain.refunds import LineRef
from services.orders.domain.refusals import OrderNotConfirmed, OrderNotOpen, OrderPaid, WrongAmount
from services.orders.domain.seat_reports import (
    on_claim_refused,
    on_hold_gone,
    on_hold_let_go,
    on_sale_confirmed,
    on_seats_claimed,
    on_seats_freed,
)
from services.orders.domain.uses import CountedUse, without_discounts, without_tickets
from services.runtime.errors import FieldInvalid, Refusal

Decision = tuple[Change, ...] | Refusal


def decide(order: Order, command: Command, now_ms: int) -> Decision:  # noqa: PLR0911, PLR0912 (one line a command)
    """The changes that `command` makes to `order`, none where it is known already, or why not."""
    match command:
        case CheckOut():
            return _check_out(order, command, now_ms)
        case CancelOrder():
            return _cancel(order, now_ms)
        case RefundOrder(reason):
            return _refund(order, reason, now_ms)
        case ActOnLines():
            return on_line_acts(order, command, now_ms)
        case OpenExchange() | EndExchange() | FreeExchange() | ExchangeEnded() | ExchangeLost():
            return on_exchange(order, command, now_ms)
        case GiveUpUnpaid():
            return _give_up(order, now_ms)
        case HoldSeen(hold_until_ms, part):
            extended = order.state is OrderState.OPEN and hold_until_ms > order.parts[part].hold_until_ms
            return (HoldExtended(hold_until_ms, part),) if extended else ()
        case HoldGone(part):
            return on_hold_gone(order, part, now_ms)
        case HoldLetGo(part):
            return on_hold_let_go(order, part, now_ms)
        case SeatsClaimed(part):
            return on_seats_claimed(order, part, now_ms)
        case ClaimRefused(why, part):
            return on_claim_refused(order, why, part, now_ms)
        case ClaimMissing(part):
            missing = order.state is OrderState.PAID and order.parts[part].seats is not SeatStatus.FREED
            return (SeatsChanged(SeatStatus.FREED, part),) if missing else ()
        case SaleConfirmed(tickets, part):
            return on_sale_confirmed(order, tickets, part, now_ms)
        case SeatsFreed(part):
            return on_seats_freed(order, part, now_ms)
        case SeatsReleased(seat_ids, part):
            return on_seats_released(order, seat_ids, part, now_ms)
        case (
            PaymentRefused()
            | PaymentPending()
            | PaymentSucceeded()
            | PaymentFailed()
            | PaymentCancelled()
            | PaymentRefunded()
            | PaymentPartlyRefunded()
            | OwnRefundDone()
            | PaymentDisputeChanged()
        ):
            return on_payment_report(order, command, now_ms)
        case _:
            assert_never(command)


def _check_out(order: Order, command: CheckOut, now_ms: int) -> Decision:
    if order.state is not OrderState.OPEN:
        return OrderNotOpen(order.order_id, order.state.value)
    if command.expected_total != order.total:
        total = order.total
        return WrongAmount(str(command.expected_total), str(total), total.amount_minor, total.currency)
    charges = all_charges(order, command.charges)
    pays_minor = sum(charge.amount_minor for charge in charges)
    if not command.return_url and pays_minor < order.total.amount_minor:
        return FieldInvalid("return_url", "must be set: this order is paid at the provider", "an absolute http(s) URL")
    return (CheckOutBegan(command.pay_until_ms, command.return_url, now_ms, charges, command.pays_by),)


def _cancel(order: Order, now_ms: int) -> Decision:
    match order.state:
        case OrderState.OPEN | OrderState.CLAIMING | OrderState.PAYING:
            return (CancellingBegan(CancelReason.BUYER, now_ms),)
        case OrderState.CANCELLING | OrderState.CANCELLED:
            return ()
        case OrderState.PAID | OrderState.CONFIRMED | OrderState.REFUND_DUE | OrderState.REFUNDED:
            return OrderPaid(order.order_id, order.state.value)
        case _:
            assert_never(order.state)


def _refund(order: Order, reason: str, now_ms: int) -> Decision:
    if order.state is not OrderState.CONFIRMED:
        return OrderNotConfirmed(order.order_id, order.state.value)
    if locked := locked_by(order, [line for given in order.given for line in given.lines]):
        return LinesInExchange(order.order_id, locked.order_id)
    due = RefundBecameDue(CancelReason.HOUSE, reason, now_ms)
    return (due, OrderRefunded(now_ms)) if order.is_free else (due,)


def _give_up(order: Order, now_ms: int) -> Decision:
    asked = order.state in {OrderState.CLAIMING, OrderState.PAYING}
    return (CancellingBegan(CancelReason.UNPAID, now_ms),) if asked and now_ms >= order.pay_until_ms else ()


def apply(order: Order, change: Change) -> Order:  # noqa: PLR0911, PLR0912 (one return a change)
    """The order after `change`."""
    match change:
        case HoldExtended(hold_until_ms, part):
            return _with_part(order, part, replace(order.parts[part], hold_until_ms=hold_until_ms))
        case CheckOutBegan(pay_until_ms, return_url, at_ms, charges, pays_by):
            asked = tuple(replace(part, seats=SeatStatus.ASKED) for part in order.parts)
            began = replace(order, pay_until_ms=pay_until_ms, return_url=return_url, parts=asked)
            return _moved(replace(began, charges=charges, pays_by=pays_by), OrderState.CLAIMING, at_ms)
        case CheckOutTurnedBack(at_ms):
            again = replace(order, pay_until_ms=0, return_url="", charges=exchange_charges(order), pays_by=ANY_WAY)
            return _moved(again, OrderState.OPEN, at_ms)
        case SeatsChanged(seats, part):
            return _with_part(order, part, replace(order.parts[part], seats=seats))
        case PaymentChanged(payment, payment_id, payment_url):
            known = replace(order, payment=payment, payment_url=payment_url or order.payment_url)
            return replace(known, payment_id=payment_id or order.payment_id)
        case StateChanged(state, at_ms):
            return replace(_moved(order, state, at_ms), cancel_reason=None)
        case CancellingBegan(reason, at_ms):
            return replace(_moved(order, OrderState.CANCELLING, at_ms), cancel_reason=reason)
        case OrderCancelled(reason, at_ms):
            return replace(_moved(order, OrderState.CANCELLED, at_ms), cancel_reason=reason)
        case OrderConfirmed(tickets, at_ms):
            return _confirmed(order, tickets, at_ms)
        case RefundBecameDue(reason, note, at_ms, made_by):
            due = owed(order, made_by, note, at_ms)
            return replace(_moved(due, OrderState.REFUND_DUE, at_ms), cancel_reason=reason)
        case (
            LinesCancelled()
            | ReleaseAsked()
            | LinesReleased()
            | RefundAsked()
            | ExchangeOpened()
            | ExchangeClosed()
            | ExchangeSettled()
        ):
            return _apply_to_lines(order, change)
        case OrderPartlyRefunded(foreign_minor, at_ms, done):
            return partly_refunded(order, foreign_minor, dict(done), at_ms)
        case OrderDisputeChanged(dispute):
            return replace(order, dispute=dispute)
        case OrderRefunded(at_ms):
            back = replace(paid_back(order, at_ms), cancel_reason=order.cancel_reason or CancelReason.HOUSE)
            return _moved(rest_to_release(back), OrderState.REFUNDED, at_ms)
        case _:
            assert_never(change)


def _apply_to_lines(
    order: Order,
    change: LinesCancelled
    | ReleaseAsked
    | LinesReleased
    | RefundAsked
    | ExchangeOpened
    | ExchangeClosed
    | ExchangeSettled,
) -> Order:
    """What happens to single lines of an order that was confirmed, and to what they are given for."""
    match change:
        case LinesCancelled(lines):
            return replace(with_status(order, lines, LineStatus.CANCELLED), uses=_uses_without(order, lines))
        case ReleaseAsked(lines):
            return with_status(order, lines, LineStatus.RELEASE_DUE)
        case LinesReleased(seat_ids, part):
            named = tuple(LineRef(order.parts[part].performance_id, seat_id) for seat_id in seat_ids)
            return with_status(order, named, LineStatus.RELEASED)
        case RefundAsked(refund):
            assert refund.amount_minor <= order.unclaimed_minor, "no more is owed back than was paid"
            return replace(order, refunds=(*order.refunds, refund))
        case ExchangeOpened() | ExchangeClosed():
            return with_given(order, change)
        case ExchangeSettled(status):
            return with_exchange(order, status)
        case _:
            assert_never(change)


def _moved(order: Order, state: OrderState, at_ms: int) -> Order:
    return replace(order, state=state, state_since_ms=at_ms)


def _confirmed(order: Order, tickets: tuple[Ticket, ...], at_ms: int) -> Order:
    assert order.payment is PaymentStatus.CAPTURED or order.is_free, "confirmed without proof of payment"
    assert all(part.seats is SeatStatus.SOLD for part in order.parts), "confirmed before all is sold"
    return replace(_moved(_ticketed(order, tickets), OrderState.CONFIRMED, at_ms), confirmed_at_ms=at_ms)


def _with_part(order: Order, place: int, part: OrderPart) -> Order:
    return replace(order, parts=(*order.parts[:place], part, *order.parts[place + 1 :]))


def _ticketed(order: Order, tickets: tuple[Ticket, ...]) -> Order:
    """Each part with its own of the tickets, which come in the order of all lines."""
    parts, given = [], 0
    for part in order.parts:
        parts.append(replace(part, tickets=tickets[given : given + len(part.lines)]))
        given += len(part.lines)
    return replace(order, parts=tuple(parts))


def apply_all(order: Order, changes: tuple[Change, ...]) -> Order:
    """The order after all of `changes`, in their order."""
    for change in changes:
        order = apply(order, change)
    return order


def _uses_without(order: Order, cancelled: tuple[LineRef, ...]) -> tuple[CountedUse, ...]:
    """What stays used by the other lines."""
    named = set(cancelled)
    discounts = Counter(
        line.discount.discount_id
        for part in order.parts
        for line in part.lines
        if line.discount is not None and LineRef(part.performance_id, line.seat_id) in named
    )
    tickets = Counter(line.performance_id for line in cancelled)
    return without_discounts(without_tickets(order.uses, tickets), discounts)
