"""The Payments' twin in memory, with the buyers' side of it. Tells its proofs to whoever listens, as the bus would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.contracts.reasons import Reason
from services.orders.domain.commands import (
    PaymentCancelled,
    PaymentDisputeChanged,
    PaymentFailed,
    PaymentPartlyRefunded,
    PaymentRefunded,
    PaymentReport,
    PaymentSucceeded,
)
from services.orders.domain.order import Dispute, Order
from services.orders.ports import Declined, OrderRef, PaymentSeen, PaymentStatus


@dataclass(slots=True)
class MemoryPayment:
    """One payment. `captured` stays true when a provider took money after it had confirmed a cancel."""

    payment_id: str
    ref: OrderRef
    performance_id: str
    amount_minor: int
    status: PaymentStatus = PaymentStatus.PENDING
    captured: bool = False
    refunded: bool = False
    refunded_minor: int = 0


class MemoryPayments:
    """See Payments. Buyers act through pay, decline, let_expire; the provider's refunds end with finish_refund."""

    def __init__(self, tell: Callable[[MemoryPayment, PaymentReport], None], *, refunds_at_once: bool = True) -> None:
        self._tell = tell
        self._refunds_at_once = refunds_at_once
        self._by_key: dict[str, MemoryPayment] = {}
        self._by_id: dict[str, MemoryPayment] = {}
        self.refund_keys: set[str] = set()

    def payments(self) -> list[MemoryPayment]:
        """All of them, in the order they were made."""
        return list(self._by_id.values())

    def of_order(self, order_id: str) -> MemoryPayment | None:
        """The order's payment."""
        return next((payment for payment in self._by_id.values() if payment.ref.order_id == order_id), None)

    async def create(self, order: Order) -> PaymentSeen | Declined:
        """See Payments.create."""
        payment = self._by_key.get(order.payment_key)
        if payment is None:
            ref = OrderRef(order.house_id, order.order_id)
            payment_id = f"pay_{len(self._by_id) + 1}"
            payment = MemoryPayment(payment_id, ref, order.performance_id, order.total.amount_minor)
            self._by_key[order.payment_key] = self._by_id[payment_id] = payment
        return _seen(payment)

    async def look(self, order: Order) -> PaymentSeen | Declined:
        """See Payments.look."""
        payment = self._by_id.get(order.payment_id)
        return _seen(payment) if payment else Declined(Reason.PAYMENT_UNKNOWN)

    async def cancel(self, order: Order) -> PaymentSeen | Declined:
        """See Payments.cancel."""
        payment = self._by_id.get(order.payment_id)
        if payment is None:
            return Declined(Reason.PAYMENT_UNKNOWN)
        if payment.status is PaymentStatus.PENDING:
            payment.status = PaymentStatus.CANCELLED
            self._tell(payment, PaymentCancelled(payment.payment_id))
        return _seen(payment)

    async def refund(self, order: Order) -> PaymentSeen | Declined:
        """See Payments.refund."""
        payment = self._by_id.get(order.payment_id)
        if payment is None or not payment.captured:
            return Declined(Reason.PAYMENT_NOT_CAPTURED)
        self.refund_keys.add(order.refund_key)
        if self._refunds_at_once:
            self.finish_refund(payment)
        return _seen(payment)

    def finish_refund(self, payment: MemoryPayment) -> None:
        """The provider says that the money is back."""
        if not payment.refunded:
            payment.refunded, payment.refunded_minor = True, payment.amount_minor
            self._tell(payment, PaymentRefunded(payment.payment_id))

    def give_back(self, payment: MemoryPayment, amount_minor: int) -> None:
        """The house gives money back at the provider, without us: a part of what is left, or all of it."""
        if not payment.captured or payment.refunded:
            return
        if payment.refunded_minor + amount_minor >= payment.amount_minor:
            self.finish_refund(payment)
            return
        payment.refunded_minor += amount_minor
        self._tell(payment, PaymentPartlyRefunded(payment.payment_id, payment.refunded_minor))

    def dispute(self, payment: MemoryPayment, dispute: Dispute) -> None:
        """The buyer's bank opens or decides a dispute over the whole; a lost one takes the money."""
        self._tell(payment, PaymentDisputeChanged(payment.payment_id, dispute))
        if dispute is Dispute.LOST:
            self.finish_refund(payment)

    def pay(self, payment: MemoryPayment) -> None:
        """The buyer pays; even a cancelled payment, as a provider that raced our cancel would take it."""
        if not payment.captured:
            payment.status = PaymentStatus.SUCCEEDED
            payment.captured = True
            self._tell(payment, PaymentSucceeded(payment.payment_id))

    def decline(self, payment: MemoryPayment) -> None:
        """The provider turns the buyer down."""
        if payment.status is PaymentStatus.PENDING:
            payment.status = PaymentStatus.FAILED
            self._tell(payment, PaymentFailed(payment.payment_id))


def _seen(payment: MemoryPayment) -> PaymentSeen:
    return PaymentSeen(
        payment.payment_id, payment.status, f"https://pay.example/{payment.payment_id}", payment.refunded
    )
