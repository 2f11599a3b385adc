"""The Payments over gRPC."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

import grpc
from balcon.payments.v1.payments_service_pb2 import (
    PAYMENT_STATE_CANCELLED,
    PAYMENT_STATE_FAILED,
    PAYMENT_STATE_SUCCEEDED,
    REFUND_ROUTE_ORIGINAL,
    REFUND_ROUTE_VOUCHER,
    REFUND_STATE_STUCK,
    REFUND_STATE_SUCCEEDED,
    CancelPaymentRequest,
    CreatePaymentRequest,
    GetPaymentRequest,
    Payment,
    PaymentRefund,
    RefundPaymentRequest,
)
from balcon.payments.v1.payments_service_pb2 import PaymentState as WireState
from balcon.payments.v1.payments_service_pb2 import RefundState as WireRefundState
from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub

from services.contracts.reasons import Reason
from services.contracts.wire_types import wire_money
from services.orders.adapters.grpc_answers import declined_or_raise
from services.orders.domain.order import Order
from services.orders.ports import Declined, PaymentSeen, PaymentState, RefundAsked, RefundSeen, RefundStatus

if TYPE_CHECKING:
    from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceAsyncStub

# CREATING and PENDING say the same to an order: not known yet.
_STATUS: dict[WireState.ValueType, PaymentState] = {
    PAYMENT_STATE_SUCCEEDED: PaymentState.SUCCEEDED,
    PAYMENT_STATE_FAILED: PaymentState.FAILED,
    PAYMENT_STATE_CANCELLED: PaymentState.CANCELLED,
}

_REFUND_STATUS: dict[WireRefundState.ValueType, RefundStatus] = {
    REFUND_STATE_SUCCEEDED: RefundStatus.DONE,
    REFUND_STATE_STUCK: RefundStatus.STUCK,
}

# Proof that CreatePayment made nothing and, repeated, will make nothing.
_NEVER_MADE = frozenset({Reason.FIELD_INVALID})
# Of a payment that payments named itself: somebody's mistake, and no proof of anything.
_MISTAKEN = frozenset({Reason.PAYMENT_UNKNOWN, Reason.PAYMENT_NOT_CAPTURED})
# More than is left: nothing was made, and only less may be.
_NOT_REFUNDED = _MISTAKEN | {Reason.REFUND_EXCEEDS_LEFT}


class _HasPayment(Protocol):
    @property
    def payment(self) -> Payment: ...


class GrpcPayments:
    """See Payments."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: PaymentsServiceAsyncStub = PaymentsServiceStub(channel)

    async def create(self, order: Order) -> PaymentSeen | Declined:
        """See Payments.create. The request is the same each time: only then is its key the same request's."""
        request = CreatePaymentRequest(
            idempotency_key=order.payment_key,
            house_id=order.house_id,
            order_id=order.order_id,
            performance_id=order.first.performance_id,
            amount=wire_money(order.total.amount_minor, order.total.currency),
            return_url=order.return_url,
            expires_at_ms=order.pay_until_ms,
        )
        return await self._seen("CreatePayment", self._stub.CreatePayment(request), _NEVER_MADE)

    async def look(self, order: Order) -> PaymentSeen | Declined:
        """See Payments.look."""
        request = GetPaymentRequest(house_id=order.house_id, payment_id=order.payment_id)
        return await self._seen("GetPayment", self._stub.GetPayment(request))

    async def cancel(self, order: Order) -> PaymentSeen | Declined:
        """See Payments.cancel."""
        request = CancelPaymentRequest(house_id=order.house_id, payment_id=order.payment_id)
        return await self._seen("CancelPayment", self._stub.CancelPayment(request))

    async def refund(self, order: Order, asked: RefundAsked) -> PaymentSeen | Declined:
        """See Payments.refund."""
        amount_minor = asked.amount_minor
        request = RefundPaymentRequest(
            idempotency_key=asked.key,
            house_id=order.house_id,
            payment_id=order.payment_id,
            amount=None if amount_minor is None else wire_money(amount_minor, order.total.currency),
            route=REFUND_ROUTE_VOUCHER if asked.as_voucher else REFUND_ROUTE_ORIGINAL,
        )
        return await self._seen("RefundPayment", self._stub.RefundPayment(request), _NOT_REFUNDED)

    @staticmethod
    async def _seen(
        name: str, call: Awaitable[_HasPayment], certain: frozenset[Reason] = _MISTAKEN
    ) -> PaymentSeen | Declined:
        try:
            payment = (await call).payment
        except grpc.aio.AioRpcError as error:
            return declined_or_raise(name, error, certain)
        return PaymentSeen(
            payment_id=payment.payment_id,
            status=_STATUS.get(payment.state, PaymentState.PENDING),
            payment_url=payment.pay_url,
            refunded=payment.refund_state == REFUND_STATE_SUCCEEDED,
            refunded_minor=payment.refunded.amount_minor,
            refunds=tuple(_refund(refund) for refund in payment.refunds),
        )


def _refund(refund: PaymentRefund) -> RefundSeen:
    vouchers = tuple(share.voucher_id for share in refund.shares if share.voucher_id)
    status = _REFUND_STATUS.get(refund.state, RefundStatus.DUE)
    return RefundSeen(refund.idempotency_key, refund.amount.amount_minor, status, refund.left.amount_minor, vouchers)
