"""The Payments over gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence, Set
from typing import TYPE_CHECKING, Protocol

import grpc
from balcon.payments.v1.payments_service_pb2 import (
    PAYMENT_STATE_CANCELLED,
    PAYMENT_STATE_FAILED,
    PAYMENT_STATE_SUCCEEDED,
    REFUND_ROUTE_EXCHANGE,
    REFUND_ROUTE_ORIGINAL,
    REFUND_ROUTE_VOUCHER,
    REFUND_STATE_STUCK,
    REFUND_STATE_SUCCEEDED,
    CancelPaymentRequest,
    CreatePaymentRequest,
    CreatePaymentsRequest,
    GetPaymentRequest,
    GetPaymentsRequest,
    InstrumentCharge,
    InstrumentLimit,
    Payment,
    PaymentAnswer,
    PaymentRefund,
    RefundPaymentRequest,
    RefundPaymentsRequest,
    SeatsBack,
)
from balcon.payments.v1.payments_service_pb2 import PaymentState as WireState
from balcon.payments.v1.payments_service_pb2 import RefundRoute as WireRoute
from balcon.payments.v1.payments_service_pb2 import RefundState as WireRefundState
from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub

from services.contracts.reasons import Reason
from services.contracts.wire_types import wire_money
from services.orders.adapters.gathered_calls import GatheredCalls
from services.orders.adapters.grpc_answers import declined_or_raise, declined_or_unanswered, unanswered
from services.orders.domain.instrument_limits import limited_tickets
from services.orders.domain.order import Instrument, Order, OrderCharge
from services.orders.ports import (
    NEVER_MADE,
    Declined,
    PaymentSeen,
    PaymentState,
    RefundAsked,
    RefundSeen,
    RefundStatus,
    Unanswered,
)
from services.runtime.telemetry.metrics import ANSWERS_NOT_UNDERSTOOD

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

# Of a payment that payments named itself: somebody's mistake, and no proof of anything.
_MISTAKEN = frozenset({Reason.PAYMENT_UNKNOWN, Reason.PAYMENT_NOT_CAPTURED})
# More than is left: nothing was made, and only less may be.
_NOT_REFUNDED = _MISTAKEN | {Reason.REFUND_EXCEEDS_LEFT}


# Payments of one call, and such calls of a house at a time: one that is slow at its provider keeps few others waiting.
_MOST_PAYMENTS = 128
_LANES = 2
# Statuses that say nothing about the payment.
_NOT_KNOWN = frozenset(
    code.value[0]
    for code in (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
    )
)


class _HasPayment(Protocol):
    @property
    def payment(self) -> Payment: ...


class GrpcPayments:
    """See Payments."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: PaymentsServiceAsyncStub = PaymentsServiceStub(channel)
        self._creations: GatheredCalls[CreatePaymentRequest, PaymentSeen] = GatheredCalls(
            "CreatePayments", self._create, most=_MOST_PAYMENTS, lanes=_LANES, certain=NEVER_MADE
        )
        self._looks: GatheredCalls[str, PaymentSeen] = GatheredCalls(
            "GetPayments", self._look, most=_MOST_PAYMENTS, certain=_MISTAKEN
        )
        self._refunds: GatheredCalls[RefundPaymentRequest, PaymentSeen] = GatheredCalls(
            "RefundPayments", self._refund, most=_MOST_PAYMENTS, lanes=_LANES, certain=_NOT_REFUNDED
        )

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
            instruments=[_instrument(one, order.total.currency) for one in order.charges],
            provider_account_id=order.pays_by.account_id,
            method=order.pays_by.method,
            limits=[
                InstrumentLimit(performance_id=performance_id, count=count, most=most)
                for performance_id, count, most in limited_tickets(order)
            ],
        )
        return await self._creations.ask(order.house_id, request)

    async def _create(
        self, house_id: str, requests: Sequence[CreatePaymentRequest]
    ) -> Sequence[PaymentSeen | Declined | Unanswered]:
        try:
            told = await self._stub.CreatePayments(CreatePaymentsRequest(house_id=house_id, payments=requests))
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            # A process of the release before.
            return await asyncio.gather(*map(self._create_alone, requests))
        return [_answer("CreatePayment", answer, NEVER_MADE) for answer in _all_of(told.answers, requests)]

    async def _create_alone(self, request: CreatePaymentRequest) -> PaymentSeen | Declined | Unanswered:
        try:
            return await self._seen("CreatePayment", self._stub.CreatePayment(request), NEVER_MADE)
        except Unanswered as fault:
            return fault

    async def look(self, order: Order) -> PaymentSeen | Declined:
        """See Payments.look."""
        return await self._looks.ask(order.house_id, order.payment_id)

    async def _look(self, house_id: str, payment_ids: Sequence[str]) -> Sequence[PaymentSeen | Declined | Unanswered]:
        try:
            told = await self._stub.GetPayments(GetPaymentsRequest(house_id=house_id, payment_ids=payment_ids))
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            return await asyncio.gather(*(self._look_alone(house_id, payment_id) for payment_id in payment_ids))
        return [_answer("GetPayment", answer, _MISTAKEN) for answer in _all_of(told.answers, payment_ids)]

    async def _look_alone(self, house_id: str, payment_id: str) -> PaymentSeen | Declined | Unanswered:
        request = GetPaymentRequest(house_id=house_id, payment_id=payment_id)
        try:
            return await self._seen("GetPayment", self._stub.GetPayment(request))
        except Unanswered as fault:
            return fault

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
            route=_route(asked),
            to_payment_id=asked.to_payment_id,
            nothing_taken=asked.nothing_taken,
            seats_back=[SeatsBack(performance_id=name, count=count) for name, count in asked.seats_back],
        )
        return await self._refunds.ask(order.house_id, request)

    async def _refund(
        self, house_id: str, requests: Sequence[RefundPaymentRequest]
    ) -> Sequence[PaymentSeen | Declined | Unanswered]:
        try:
            told = await self._stub.RefundPayments(RefundPaymentsRequest(house_id=house_id, refunds=requests))
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            return await asyncio.gather(*map(self._refund_alone, requests))
        return [_answer("RefundPayment", answer, _NOT_REFUNDED) for answer in _all_of(told.answers, requests)]

    async def _refund_alone(self, request: RefundPaymentRequest) -> PaymentSeen | Declined | Unanswered:
        try:
            return await self._seen("RefundPayment", self._stub.RefundPayment(request), _NOT_REFUNDED)
        except Unanswered as fault:
            return fault

    @staticmethod
    async def _seen(
        name: str, call: Awaitable[_HasPayment], certain: frozenset[Reason] = _MISTAKEN
    ) -> PaymentSeen | Declined:
        try:
            payment = (await call).payment
        except grpc.aio.AioRpcError as error:
            return declined_or_raise(name, error, certain)
        return _payment_seen(payment)


def _all_of(answers: Sequence[PaymentAnswer], asked: Sequence[object]) -> Sequence[PaymentAnswer]:
    """One for each, or nobody knows whose they are. Raises Unanswered."""
    if len(answers) != len(asked):
        ANSWERS_NOT_UNDERSTOOD.labels("CreatePayments").inc()
        raise unanswered("CreatePayments")
    return answers


def _answer(call: str, answer: PaymentAnswer, certain: Set[Reason]) -> PaymentSeen | Declined | Unanswered:
    if answer.WhichOneof("answer") == "payment":
        return _payment_seen(answer.payment)
    refused = answer.refused
    if refused.code in _NOT_KNOWN:
        return unanswered(call)
    try:
        return declined_or_unanswered(call, refused.reason, refused.facts, certain)
    except Unanswered as fault:
        return fault


def _instrument(charge: OrderCharge, currency: str) -> InstrumentCharge:
    amount = wire_money(charge.amount_minor, currency)
    if charge.instrument is Instrument.EXCHANGE:
        return InstrumentCharge(payment_id=charge.voucher_id, amount=amount)
    return InstrumentCharge(voucher_id=charge.voucher_id, amount=amount)


def _route(asked: RefundAsked) -> WireRoute.ValueType:
    if asked.to_payment_id:
        return REFUND_ROUTE_EXCHANGE
    return REFUND_ROUTE_VOUCHER if asked.as_voucher else REFUND_ROUTE_ORIGINAL


def _payment_seen(payment: Payment) -> PaymentSeen:
    """As it is told."""
    return PaymentSeen(
        payment_id=payment.payment_id,
        status=_STATUS.get(payment.state, PaymentState.PENDING),
        payment_url=payment.pay_url,
        refunded=payment.refund_state == REFUND_STATE_SUCCEEDED,
        refunded_minor=payment.refunded.amount_minor,
        refunds=tuple(_refund(refund) for refund in payment.refunds),
        is_over_limit=payment.HasField("over_limit"),
    )


def _refund(refund: PaymentRefund) -> RefundSeen:
    status = _REFUND_STATUS.get(refund.state, RefundStatus.DUE)
    is_on_its_way = status is RefundStatus.DUE and refund.accepted_at_ms > 0
    return RefundSeen(
        refund.idempotency_key,
        refund.amount.amount_minor,
        status,
        refund.left.amount_minor,
        is_on_its_way,
        refund.refused_for,
    )
