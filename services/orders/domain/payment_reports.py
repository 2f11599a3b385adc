"""What the words of the payments service do to an order. Part of the transition table, called by transitions.decide.

Reports may come late, twice and out of order: success outranks failure, a refund outranks both. What happened at the
provider without us (R5.9) is a report like any other.
"""

from __future__ import annotations

from typing import assert_never

from services.orders.domain.changes import (
    CancellingBegan,
    Change,
    OrderCancelled,
    OrderDisputeChanged,
    OrderPartlyRefunded,
    OrderRefunded,
    PaymentChanged,
    RefundBecameDue,
    StateChanged,
)
from services.orders.domain.commands import (
    PaymentCancelled,
    PaymentDisputeChanged,
    PaymentFailed,
    PaymentPartlyRefunded,
    PaymentPending,
    PaymentRefunded,
    PaymentRefused,
    PaymentReport,
    PaymentSucceeded,
)
from services.orders.domain.order import CancelReason, Order, OrderState, PaymentStatus, SeatStatus
from services.orders.domain.refunds import RefundMaker
from services.orders.domain.seat_reports import out_of_place
from services.runtime.errors import Refusal


def on_payment_report(  # noqa: PLR0911 (one return a report)
    order: Order, report: PaymentReport | PaymentRefused, now_ms: int
) -> tuple[Change, ...] | Refusal:
    """The changes that the report makes; a report about somebody else's payment is refused."""
    if order.is_free or order.state is OrderState.OPEN:
        return out_of_place(order, "a payment")
    if isinstance(report, PaymentRefused):
        return _on_no_money(order, "", CancelReason.PAYMENT_FAILED, now_ms)
    if order.payment_id and order.payment_id != report.payment_id:
        return out_of_place(order, f"payment {report.payment_id}")
    match report:
        case PaymentPending(payment_id, payment_url):
            return _on_pending(order, payment_id, payment_url, now_ms)
        case PaymentSucceeded(payment_id):
            return _on_success(order, payment_id, now_ms)
        case PaymentFailed(payment_id):
            # A payment that ran out at the provider has failed there; by then nobody was turned down.
            ran_out = now_ms >= order.pay_until_ms
            return _on_no_money(
                order, payment_id, CancelReason.UNPAID if ran_out else CancelReason.PAYMENT_FAILED, now_ms
            )
        case PaymentCancelled(payment_id):
            # The provider ends a payment by itself at pay_until_ms; before that the buyer pressed cancel on its page.
            pressed = now_ms < order.pay_until_ms
            return _on_no_money(order, payment_id, CancelReason.BUYER if pressed else CancelReason.UNPAID, now_ms)
        case PaymentRefunded(payment_id):
            return _on_refund(order, payment_id, now_ms)
        case PaymentPartlyRefunded(_, refunded_minor):
            return _on_part_refund(order, refunded_minor, now_ms)
        case PaymentDisputeChanged(_, dispute):
            return (OrderDisputeChanged(dispute, now_ms),) if dispute is not order.dispute else ()
        case _:
            assert_never(report)


def _on_pending(order: Order, payment_id: str, payment_url: str, now_ms: int) -> tuple[Change, ...]:
    known = PaymentChanged(PaymentStatus.PENDING, payment_id, payment_url)
    if order.state is OrderState.CLAIMING and order.payment is PaymentStatus.ASKED:
        return (known, StateChanged(OrderState.PAYING, now_ms))
    if order.state is OrderState.CANCELLING and order.payment is PaymentStatus.ASKED:
        return (known,)
    if order.state is OrderState.PAYING and payment_url not in {"", order.payment_url}:
        return (known,)
    return ()


def _on_success(order: Order, payment_id: str, now_ms: int) -> tuple[Change, ...]:
    """Even after CANCELLED: the seats are claimed again, or the money goes back."""
    if order.payment in {PaymentStatus.CAPTURED, PaymentStatus.REFUNDED}:
        return ()
    return (PaymentChanged(PaymentStatus.CAPTURED, payment_id), StateChanged(OrderState.PAID, now_ms))


def _on_no_money(order: Order, payment_id: str, reason: CancelReason, now_ms: int) -> tuple[Change, ...]:
    if order.payment not in {PaymentStatus.ASKED, PaymentStatus.PENDING}:
        return ()
    ended = PaymentChanged(PaymentStatus.ENDED, payment_id)
    if order.state in {OrderState.CLAIMING, OrderState.PAYING}:
        return (ended, CancellingBegan(reason, now_ms))
    if order.state is OrderState.CANCELLING and all(part.seats is SeatStatus.FREED for part in order.parts):
        return (ended, OrderCancelled(order.cancel_reason or reason, now_ms))
    return (ended,)


def _on_refund(order: Order, payment_id: str, now_ms: int) -> tuple[Change, ...]:
    if order.payment is PaymentStatus.REFUNDED:
        return ()
    refunded = (PaymentChanged(PaymentStatus.REFUNDED, payment_id), OrderRefunded(now_ms))
    if order.state is OrderState.REFUND_DUE:
        return refunded
    due = RefundBecameDue(CancelReason.HOUSE, "refunded at the provider", now_ms, RefundMaker.PROVIDER)
    return (due, *refunded)


def _on_part_refund(order: Order, refunded_minor: int, now_ms: int) -> tuple[Change, ...]:
    """A part is not the whole: tickets stay valid, seats sold. Told as a sum, so an older word changes nothing."""
    is_news = order.payment is not PaymentStatus.REFUNDED and refunded_minor > order.refunded.amount_minor
    return (OrderPartlyRefunded(refunded_minor, now_ms),) if is_news else ()
