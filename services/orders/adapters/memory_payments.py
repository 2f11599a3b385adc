"""The Payments' twin in memory, with the buyers' side of it. Tells its proofs to whoever listens, as the bus would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from services.contracts.reasons import Reason
from services.orders.adapters.memory_vouchers import MemoryVouchers
from services.orders.domain.commands import (
    OwnRefund,
    PaymentCancelled,
    PaymentDisputeChanged,
    PaymentFailed,
    PaymentPartlyRefunded,
    PaymentRefunded,
    PaymentReport,
    PaymentSucceeded,
)
from services.orders.domain.order import Dispute, Instrument, Money, Order, OrderCharge
from services.orders.ports import (
    Declined,
    OrderRef,
    PaymentSeen,
    PaymentState,
    RefundAsked,
    RefundSeen,
    RefundStatus,
    Unanswered,
)
from services.runtime.clock import Clock


@dataclass(slots=True)
class MemoryPayment:
    """One payment. `captured` stays true when a provider took money after it had confirmed a cancel."""

    payment_id: str
    ref: OrderRef
    performance_id: str
    amount_minor: int
    status: PaymentState = PaymentState.PENDING
    captured: bool = False
    refunded: bool = False
    refunded_minor: int = 0
    refunds: dict[str, RefundSeen] = field(default_factory=dict)
    charges: tuple[OrderCharge, ...] = ()
    # What of it pays other payments, by their ids.
    moved: dict[str, int] = field(default_factory=dict)

    @property
    def exchange(self) -> OrderCharge | None:
        """What another payment gives for it."""
        return next((one for one in self.charges if one.instrument is Instrument.EXCHANGE), None)


class _Asked(NamedTuple):
    """A request as its key remembers it."""

    order_id: str
    performance_id: str
    total: Money
    return_url: str
    expires_at_ms: int


class MemoryPayments:
    """See Payments. Buyers act through pay, decline, let_expire; the provider's refunds end with finish_refund."""

    def __init__(
        self, tell: Callable[[MemoryPayment, PaymentReport], None], clock: Clock, *, refunds_at_once: bool = True
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._refunds_at_once = refunds_at_once
        self._by_key: dict[tuple[str, str], tuple[_Asked, MemoryPayment]] = {}
        self._by_id: dict[str, MemoryPayment] = {}
        self.refund_keys: set[str] = set()
        self.vouchers = MemoryVouchers()

    def payments(self) -> list[MemoryPayment]:
        """All of them, in the order they were made."""
        return list(self._by_id.values())

    def of_order(self, order_id: str) -> MemoryPayment | None:
        """The order's payment."""
        return next((payment for payment in self._by_id.values() if payment.ref.order_id == order_id), None)

    async def create(self, order: Order) -> PaymentSeen | Declined:
        """See Payments.create. Another request under the same key is refused in words that prove nothing."""
        asked = _Asked(order.order_id, order.first.performance_id, order.total, order.return_url, order.pay_until_ms)
        key = (order.house_id, order.payment_key)
        if key in self._by_key:
            first, payment = self._by_key[key]
            if asked != first:
                raise Unanswered("CreatePayment")
            return _seen(payment)
        if asked.expires_at_ms <= self._clock.now_ms():
            return Declined(Reason.FIELD_INVALID)
        ref = OrderRef(order.house_id, order.order_id)
        payment_id = f"pay_{len(self._by_id) + 1}"
        taken = self.vouchers.take(order.charges)
        payment = MemoryPayment(payment_id, ref, order.first.performance_id, order.total.amount_minor)
        payment.charges = order.charges if taken else ()
        self._by_key[key], self._by_id[payment_id] = (asked, payment), payment
        if not taken:
            payment.status = PaymentState.FAILED
            self._tell(payment, PaymentFailed(payment.payment_id))
        elif order.to_pay_minor == 0:
            self.pay(payment)
        return _seen(payment)

    async def look(self, order: Order) -> PaymentSeen | Declined:
        payment = self._known(order)
        return _seen(payment) if payment else Declined(Reason.PAYMENT_UNKNOWN)

    async def cancel(self, order: Order) -> PaymentSeen | Declined:
        payment = self._known(order)
        if payment is None:
            return Declined(Reason.PAYMENT_UNKNOWN)
        if payment.status is PaymentState.PENDING:
            payment.status = PaymentState.CANCELLED
            self.vouchers.give_back(payment.charges)
            self._tell(payment, PaymentCancelled(payment.payment_id))
        return _seen(payment)

    async def refund(self, order: Order, asked: RefundAsked) -> PaymentSeen | Declined:
        """See Payments.refund. Each refund is a record under its key; what is owed is not owed again."""
        payment = self._known(order)
        if payment is None:
            return Declined(Reason.PAYMENT_UNKNOWN)
        if not payment.captured:
            return Declined(Reason.PAYMENT_NOT_CAPTURED)
        self.refund_keys.add(asked.key)
        owed_minor = sum(refund.left_minor for refund in payment.refunds.values())
        free_minor = payment.amount_minor - payment.refunded_minor - owed_minor
        if asked.key not in payment.refunds and (asked.amount_minor or free_minor):
            amount_minor = asked.amount_minor or free_minor
            if amount_minor > free_minor:
                return Declined(Reason.REFUND_EXCEEDS_LEFT, {"left_minor": str(free_minor)})
            payment.refunds[asked.key] = RefundSeen(asked.key, amount_minor, RefundStatus.DUE, amount_minor)
            if asked.to_payment_id:
                assert self._by_id[asked.to_payment_id].exchange is not None, "it names this one"
                payment.moved[asked.to_payment_id] = amount_minor
                self.give_back(payment, amount_minor)
            elif not asked.nothing_taken:
                self._pass_on(payment, amount_minor)
        if self._refunds_at_once:
            for refund in list(payment.refunds.values()):
                self.give_back(payment, refund.left_minor)
        return _seen(payment)

    def _pass_on(self, payment: MemoryPayment, amount_minor: int) -> None:
        """Of a refund what the payment's own money does not cover goes back by the payment that gave it."""
        charge = payment.exchange
        if charge is None:
            return
        asked_minor = sum(one.amount_minor for one in payment.refunds.values())
        own_minor = payment.amount_minor - charge.amount_minor
        minor = min(amount_minor, max(0, asked_minor - own_minor))
        old = self._by_id[charge.voucher_id]
        minor = min(minor, old.moved.get(payment.payment_id, 0))
        if minor:
            old.moved[payment.payment_id] -= minor
            key = f"exchange:{payment.payment_id}:{asked_minor}"
            old.refunded_minor -= minor
            old.refunded = False
            old.refunds[key] = RefundSeen(key, minor, RefundStatus.DUE, minor)
            self._pass_on(old, minor)
            self.give_back(old, minor)

    def _known(self, order: Order) -> MemoryPayment | None:
        payment = self._by_id.get(order.payment_id)
        return payment if payment is not None and payment.ref.house_id == order.house_id else None

    def finish_refund(self, payment: MemoryPayment) -> None:
        """The provider says that the money is back."""
        if not payment.refunded:
            payment.refunded, payment.refunded_minor = True, payment.amount_minor
            self._pay_what_is_owed(payment, payment.amount_minor)
            self._tell(payment, PaymentRefunded(payment.payment_id))

    def give_back(self, payment: MemoryPayment, amount_minor: int) -> None:
        """Money goes back at the provider, a part of what is left or all of it: what is owed, then without us."""
        if not payment.captured or payment.refunded or amount_minor == 0:
            return
        if payment.refunded_minor + amount_minor >= payment.amount_minor:
            self.finish_refund(payment)
            return
        payment.refunded_minor += amount_minor
        self._pay_what_is_owed(payment, amount_minor)
        ours = tuple(
            OwnRefund(one.key, one.amount_minor - one.left_minor, one.status is RefundStatus.DONE)
            for one in payment.refunds.values()
        )
        self._tell(payment, PaymentPartlyRefunded(payment.payment_id, payment.refunded_minor, ours or None))

    @staticmethod
    def _pay_what_is_owed(payment: MemoryPayment, amount_minor: int) -> None:
        for key, refund in payment.refunds.items():
            left_minor = refund.left_minor - min(refund.left_minor, amount_minor)
            amount_minor -= refund.left_minor - left_minor
            status = RefundStatus.DUE if left_minor else RefundStatus.DONE
            payment.refunds[key] = replace(refund, left_minor=left_minor, status=status)

    def dispute(self, payment: MemoryPayment, dispute: Dispute) -> None:
        """The buyer's bank opens or decides a dispute over the whole; a lost one takes the money."""
        self._tell(payment, PaymentDisputeChanged(payment.payment_id, dispute))
        if dispute is Dispute.LOST:
            self.finish_refund(payment)

    def pay(self, payment: MemoryPayment) -> None:
        """The buyer pays; even a cancelled payment, as a provider that raced our cancel would take it."""
        if not payment.captured:
            payment.status = PaymentState.SUCCEEDED
            payment.captured = True
            self._tell(payment, PaymentSucceeded(payment.payment_id))

    def decline(self, payment: MemoryPayment) -> None:
        """The provider turns the buyer down."""
        if payment.status is PaymentState.PENDING:
            payment.status = PaymentState.FAILED
            self.vouchers.give_back(payment.charges)
            self._tell(payment, PaymentFailed(payment.payment_id))


def _seen(payment: MemoryPayment) -> PaymentSeen:
    return PaymentSeen(
        payment.payment_id,
        payment.status,
        f"https://pay.example/{payment.payment_id}",
        payment.refunded,
        payment.refunded_minor,
        tuple(payment.refunds.values()),
    )
