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
    OwnRefundDone,
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
from services.orders.domain.exchanges import ExchangeStatus
from services.orders.domain.order import CancelReason, Order, OrderState, PaymentStatus, SeatStatus
from services.orders.domain.refunds import RefundMaker, due_refunds
from services.orders.domain.seat_reports import out_of_place
from services.runtime.errors import Refusal


def on_payment_report(  # noqa: PLR0911, PLR0912 (one return a report)
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
        case PaymentSucceeded(payment_id, over_limit):
            return _on_success(order, payment_id, now_ms, over_limit=over_limit)
        case PaymentFailed(payment_id, over_limit=True) | PaymentCancelled(payment_id, over_limit=True):
            return _on_no_money(order, payment_id, CancelReason.INSTRUMENT_LIMIT, now_ms)
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
        case PaymentPartlyRefunded():
            return _on_part_refund(order, report, now_ms)
        case OwnRefundDone():
            return _on_own_refund(order, report, now_ms)
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


def _on_success(order: Order, payment_id: str, now_ms: int, *, over_limit: bool) -> tuple[Change, ...]:
    """Even after CANCELLED: the seats are claimed again, or the money goes back. Over a card's limit it always does."""
    if order.payment in {PaymentStatus.CAPTURED, PaymentStatus.REFUNDED}:
        return ()
    if over_limit:
        due = RefundBecameDue(CancelReason.INSTRUMENT_LIMIT, "more tickets than one card may pay for", now_ms)
        return (PaymentChanged(PaymentStatus.CAPTURED, payment_id), due)
    captured = PaymentChanged(PaymentStatus.CAPTURED, payment_id)
    if order.exchange is not None and order.exchange.status is ExchangeStatus.FREED:
        # The lines that were to be given for it are the buyer's again, so this is not all of its price.
        return (captured, RefundBecameDue(order.cancel_reason or CancelReason.UNPAID, "", now_ms))
    return (captured, StateChanged(OrderState.PAID, now_ms))


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
    is_ours = order.state is OrderState.CONFIRMED and not order.unclaimed_minor
    if order.state is OrderState.REFUND_DUE or is_ours:
        return refunded
    due = RefundBecameDue(CancelReason.HOUSE, "refunded at the provider", now_ms, RefundMaker.PROVIDER)
    return (due, *refunded)


def _on_part_refund(order: Order, report: PaymentPartlyRefunded, now_ms: int) -> tuple[Change, ...]:
    """A part is not the whole: tickets stay valid, seats sold. Told as sums, so an older word changes nothing."""
    if order.payment is PaymentStatus.REFUNDED:
        return ()
    if report.refunded_minor >= order.total.amount_minor:
        return _on_refund(order, report.payment_id, now_ms)
    if report.ours is None:
        if any(refund.shares for refund in due_refunds(order.refunds)):
            # Nobody knows whether it is one of ours: whoever is asked for that one by its key will say.
            return ()
        foreign_minor = max(0, report.refunded_minor - order.refunded.amount_minor)
        return (OrderPartlyRefunded(foreign_minor, now_ms),) if foreign_minor else ()
    foreign = (refund.amount_minor for refund in order.refunds if refund.made_by is RefundMaker.PROVIDER)
    ours_minor = sum(one.back_minor for one in report.ours)
    foreign_minor = max(0, report.refunded_minor - ours_minor - sum(foreign))
    due = {refund.refund_id for refund in due_refunds(order.refunds)}
    done = tuple((one.refund_id, one.back_minor) for one in report.ours if one.is_done and one.refund_id in due)
    return (OrderPartlyRefunded(foreign_minor, now_ms, done),) if foreign_minor or done else ()


def _on_own_refund(order: Order, report: OwnRefundDone, now_ms: int) -> tuple[Change, ...]:
    """With the last that is owed it is known what went back without us meanwhile."""
    if order.payment is PaymentStatus.REFUNDED:
        return ()
    if report.refunded_minor >= order.total.amount_minor:
        return _on_refund(order, report.payment_id, now_ms)
    due = {refund.refund_id for refund in due_refunds(order.refunds)}
    if report.refund_id not in due:
        return ()
    known_minor = order.refunded.amount_minor + report.amount_minor
    is_last = due == {report.refund_id}
    foreign_minor = max(0, report.refunded_minor - known_minor) if is_last else 0
    return (OrderPartlyRefunded(foreign_minor, now_ms, ((report.refund_id, report.amount_minor),)),)
