"""What inventory's answers do to an order. Part of the transition table; called by transitions.decide only."""

from __future__ import annotations

from typing import assert_never

from services.orders.domain.changes import (
    CancellingBegan,
    Change,
    CheckOutTurnedBack,
    OrderCancelled,
    OrderConfirmed,
    PaymentChanged,
    RefundBecameDue,
    SeatsChanged,
    StateChanged,
)
from services.orders.domain.commands import NoClaim
from services.orders.domain.order import CancelReason, Order, OrderState, Payment, Seats, Ticket
from services.orders.domain.refusals import ReportOutOfPlace
from services.runtime.errors import Refusal

_NO_MORE_MONEY = frozenset({Payment.NONE, Payment.ENDED})


def out_of_place(order: Order, report: str) -> ReportOutOfPlace:
    """The refusal of a report that this state cannot have been waiting for."""
    return ReportOutOfPlace(order.order_id, order.state.value, report)


def on_seats_claimed(order: Order, now_ms: int) -> tuple[Change, ...] | Refusal:
    """The claim is in the record; in CLAIMING the payment is asked for next, and that is recorded first (RULE 24)."""
    match order.state:
        case OrderState.OPEN:
            return out_of_place(order, "a claim")
        case OrderState.CLAIMING:
            if order.seats is Seats.CLAIMED:
                return ()
            claimed = SeatsChanged(Seats.CLAIMED)
            if order.is_free:
                return (claimed, StateChanged(OrderState.PAID, now_ms))
            return (claimed, PaymentChanged(Payment.ASKED))
        case (
            OrderState.CANCELLING | OrderState.CANCELLED | OrderState.PAID | OrderState.REFUND_DUE | OrderState.REFUNDED
        ):
            return () if order.seats in {Seats.CLAIMED, Seats.SOLD} else (SeatsChanged(Seats.CLAIMED),)
        case OrderState.PAYING | OrderState.CONFIRMED:
            return ()
        case _:
            assert_never(order.state)


def on_hold_gone(order: Order, now_ms: int) -> tuple[Change, ...]:
    """An open order ends with its hold (R2.7). A claim that was asked for once is looked for afterwards."""
    if order.state is not OrderState.OPEN:
        return ()
    ended = OrderCancelled(CancelReason.UNPAID, now_ms)
    return (SeatsChanged(Seats.FREED), ended) if order.seats is Seats.HELD else (SeatsChanged(Seats.UNHELD), ended)


def on_hold_let_go(order: Order, now_ms: int) -> tuple[Change, ...]:
    """Only then is it certain that no late copy of a claim finds the hold; one that came before is taken back next."""
    if order.state is not OrderState.CANCELLING:
        return ()
    if order.seats is Seats.HELD:
        return (SeatsChanged(Seats.FREED), OrderCancelled(order.cancel_reason or CancelReason.UNPAID, now_ms))
    return (SeatsChanged(Seats.UNHELD),) if order.seats is Seats.ASKED else ()


def on_claim_refused(order: Order, why: NoClaim, now_ms: int) -> tuple[Change, ...] | Refusal:
    """No claim. Before payment the order is open again or ends; a paid one asks again without its hold, and then owes
    the money back."""
    match order.state:
        case OrderState.CLAIMING:
            if order.seats is not Seats.ASKED:
                return out_of_place(order, "a refused claim")
            return _turned_down(why, now_ms)
        case OrderState.PAID:
            if order.seats in {Seats.CLAIMED, Seats.SOLD}:
                return out_of_place(order, "a refused claim")
            if order.seats is not Seats.FREED:
                return (SeatsChanged(Seats.FREED),)
            if order.is_free:
                return (OrderCancelled(CancelReason.SEATS_GONE, now_ms),)
            return (RefundBecameDue(CancelReason.SEATS_GONE, "", now_ms),)
        case (
            OrderState.OPEN
            | OrderState.PAYING
            | OrderState.CANCELLING
            | OrderState.CANCELLED
            | OrderState.CONFIRMED
            | OrderState.REFUND_DUE
            | OrderState.REFUNDED
        ):
            return ()
        case _:
            assert_never(order.state)


def _turned_down(why: NoClaim, now_ms: int) -> tuple[Change, ...]:
    match why:
        case NoClaim.HOLD_MOVED:
            return (CheckOutTurnedBack(now_ms),)
        case NoClaim.HOLD_ENDED:
            return (SeatsChanged(Seats.FREED), OrderCancelled(CancelReason.UNPAID, now_ms))
        case NoClaim.SEATS_GONE:
            return (CancellingBegan(CancelReason.SEATS_GONE, now_ms),)
        case _:
            assert_never(why)


def on_sale_confirmed(order: Order, tickets: tuple[Ticket, ...], now_ms: int) -> tuple[Change, ...] | Refusal:
    """Sold: tickets, where the order still wants them; elsewhere it is written down, so that it is undone later."""
    match order.state:
        case OrderState.PAID:
            assert tuple(ticket.seat_id for ticket in tickets) == order.seat_ids, "a ticket for each seat"
            return (SeatsChanged(Seats.SOLD), OrderConfirmed(tickets, now_ms))
        case OrderState.CONFIRMED:
            return ()
        case OrderState.REFUND_DUE | OrderState.REFUNDED | OrderState.CANCELLED:
            return () if order.seats is Seats.SOLD else (SeatsChanged(Seats.SOLD),)
        case OrderState.OPEN | OrderState.CLAIMING | OrderState.PAYING | OrderState.CANCELLING:
            return out_of_place(order, "a sale")
        case _:
            assert_never(order.state)


def on_seats_freed(order: Order, now_ms: int) -> tuple[Change, ...] | Refusal:
    """Claim or sale is out of the record."""
    match order.state:
        case OrderState.CANCELLING:
            freed = SeatsChanged(Seats.FREED)
            if order.payment in _NO_MORE_MONEY:
                return (freed, OrderCancelled(order.cancel_reason or CancelReason.UNPAID, now_ms))
            return (freed,)
        case OrderState.PAID | OrderState.CANCELLED | OrderState.REFUND_DUE | OrderState.REFUNDED:
            return () if order.seats is Seats.FREED else (SeatsChanged(Seats.FREED),)
        case OrderState.OPEN | OrderState.CLAIMING | OrderState.PAYING | OrderState.CONFIRMED:
            return out_of_place(order, "freed seats")
        case _:
            assert_never(order.state)
