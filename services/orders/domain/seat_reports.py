"""What inventory's answers about a part do to an order. Part of the transition table; only transitions.decide calls it.

All parts are claimed before money is asked for and sold before tickets; where one is refused, the others go back."""

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
from services.orders.domain.order import CancelReason, Order, OrderState, PaymentStatus, SeatStatus, Ticket
from services.orders.domain.refusals import ReportOutOfPlace
from services.runtime.errors import Refusal

_NO_MORE_MONEY = frozenset({PaymentStatus.NONE, PaymentStatus.ENDED})
# The order has no hold of the part any more; a claim that may be there is taken back in CANCELLED.
_NOT_HELD = frozenset({SeatStatus.FREED, SeatStatus.UNHELD})


def out_of_place(order: Order, report: str) -> ReportOutOfPlace:
    """The refusal of a report that this state cannot have been waiting for."""
    return ReportOutOfPlace(order.order_id, order.state.value, report)


def _others(order: Order, part: int) -> list[SeatStatus]:
    return [other.seats for place, other in enumerate(order.parts) if place != part]


def _is_old(order: Order, part: int) -> bool:
    """Lines are cancelled by themselves once they are sold: a claim or a sale is no news of such a part."""
    return not order.parts[part].is_whole


def on_seats_claimed(order: Order, part: int, now_ms: int) -> tuple[Change, ...] | Refusal:
    """The claim is in the record; with the last one the payment is asked for next, and that is recorded first
    (RULE 24)."""
    seats = order.parts[part].seats
    claimed = SeatsChanged(SeatStatus.CLAIMED, part)
    match order.state:
        case OrderState.OPEN:
            return out_of_place(order, "a claim")
        case OrderState.CLAIMING:
            if seats is SeatStatus.CLAIMED:
                return ()
            if any(other is not SeatStatus.CLAIMED for other in _others(order, part)):
                return (claimed,)
            if order.is_free:
                return (claimed, StateChanged(OrderState.PAID, now_ms))
            return (claimed, PaymentChanged(PaymentStatus.ASKED))
        case (
            OrderState.CANCELLING | OrderState.CANCELLED | OrderState.PAID | OrderState.REFUND_DUE | OrderState.REFUNDED
        ):
            return () if seats in {SeatStatus.CLAIMED, SeatStatus.SOLD} or _is_old(order, part) else (claimed,)
        case OrderState.PAYING | OrderState.CONFIRMED:
            return ()
        case _:
            assert_never(order.state)


def on_hold_gone(order: Order, part: int, now_ms: int) -> tuple[Change, ...]:
    """An open order ends with the first of its holds (R2.7). A claim that was asked for once is looked for
    afterwards."""
    if order.state is not OrderState.OPEN:
        return ()
    seats = SeatStatus.FREED if order.parts[part].seats is SeatStatus.HELD else SeatStatus.UNHELD
    return (SeatsChanged(seats, part), _ended_without_hold(order, part, now_ms))


def _ended_without_hold(order: Order, part: int, now_ms: int) -> Change:
    """Cancelled, unless another part has something to give back first."""
    if all(other in _NOT_HELD for other in _others(order, part)):
        return OrderCancelled(CancelReason.UNPAID, now_ms)
    return CancellingBegan(CancelReason.UNPAID, now_ms)


def on_hold_let_go(order: Order, part: int, now_ms: int) -> tuple[Change, ...]:
    """Only then is it certain that no late copy of a claim finds the hold; one that came before is taken back next."""
    seats = order.parts[part].seats
    if order.state is not OrderState.CANCELLING:
        return ()
    if seats is SeatStatus.HELD:
        return _given_back(order, part, now_ms)
    return (SeatsChanged(SeatStatus.UNHELD, part),) if seats is SeatStatus.ASKED else ()


def _given_back(order: Order, part: int, now_ms: int) -> tuple[Change, ...]:
    """The part is free; the order is cancelled with its last one, if no money can come any more."""
    freed = () if order.parts[part].seats is SeatStatus.FREED else (SeatsChanged(SeatStatus.FREED, part),)
    others_are_free = all(other is SeatStatus.FREED for other in _others(order, part))
    if others_are_free and order.payment in _NO_MORE_MONEY:
        return (*freed, OrderCancelled(order.cancel_reason or CancelReason.UNPAID, now_ms))
    return freed


def on_claim_refused(order: Order, why: NoClaim, part: int, now_ms: int) -> tuple[Change, ...] | Refusal:
    """No claim. Before payment the order is open again or ends; a paid one asks again without its hold, and then owes
    the money back."""
    seats = order.parts[part].seats
    match order.state:
        case OrderState.CLAIMING:
            if seats is not SeatStatus.ASKED:
                return out_of_place(order, "a refused claim")
            return _turned_down(order, why, part, now_ms)
        case OrderState.PAID:
            if seats in {SeatStatus.CLAIMED, SeatStatus.SOLD}:
                return out_of_place(order, "a refused claim")
            if seats is not SeatStatus.FREED:
                return (SeatsChanged(SeatStatus.FREED, part),)
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


def _turned_down(order: Order, why: NoClaim, part: int, now_ms: int) -> tuple[Change, ...]:
    match why:
        case NoClaim.HOLD_MOVED:
            # The hold of a part that is claimed is spent: such an order has no way back.
            if all(other is SeatStatus.ASKED for other in _others(order, part)):
                return (CheckOutTurnedBack(now_ms),)
            return (CancellingBegan(CancelReason.SEATS_GONE, now_ms),)
        case NoClaim.HOLD_ENDED:
            return (SeatsChanged(SeatStatus.FREED, part), _ended_without_hold(order, part, now_ms))
        case NoClaim.SEATS_GONE:
            return (CancellingBegan(CancelReason.SEATS_GONE, now_ms),)
        case _:
            assert_never(why)


def on_sale_confirmed(
    order: Order, tickets: tuple[Ticket, ...], part: int, now_ms: int
) -> tuple[Change, ...] | Refusal:
    """Sold: tickets with the last part, where the order still wants them; elsewhere it is written down, so that it is
    undone later."""
    is_known = order.parts[part].seats is SeatStatus.SOLD or _is_old(order, part)
    sold = () if is_known else (SeatsChanged(SeatStatus.SOLD, part),)
    match order.state:
        case OrderState.PAID:
            if not tickets or any(other is not SeatStatus.SOLD for other in _others(order, part)):
                # Without tickets, where the money came while a cancelled order was looked after: they are next.
                return sold
            assert tuple(ticket.seat_id for ticket in tickets) == order.seat_ids, "a ticket for each seat"
            return (*sold, OrderConfirmed(tickets, now_ms))
        case OrderState.CONFIRMED:
            return ()
        case OrderState.REFUND_DUE | OrderState.REFUNDED | OrderState.CANCELLED:
            return sold
        case OrderState.OPEN | OrderState.CLAIMING | OrderState.PAYING | OrderState.CANCELLING:
            return out_of_place(order, "a sale")
        case _:
            assert_never(order.state)


def on_seats_freed(order: Order, part: int, now_ms: int) -> tuple[Change, ...] | Refusal:
    """Claim or sale is out of the record."""
    match order.state:
        case OrderState.CANCELLING:
            return _given_back(order, part, now_ms)
        case OrderState.PAID | OrderState.CANCELLED | OrderState.REFUND_DUE | OrderState.REFUNDED:
            return () if order.parts[part].seats is SeatStatus.FREED else (SeatsChanged(SeatStatus.FREED, part),)
        case OrderState.OPEN | OrderState.CLAIMING | OrderState.PAYING | OrderState.CONFIRMED:
            return out_of_place(order, "freed seats")
        case _:
            assert_never(order.state)
