"""gRPC PaymentsService: protobuf in, protobuf out. Decides nothing."""
# ruff: noqa: N802 (the methods have gRPC's names)

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

from balcon.payments.v1 import payments_service_pb2 as pb
from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceServicer

from services.contracts.languages import refused_language
from services.contracts.money import refused_currency
from services.contracts.texts import refused_idempotency_key
from services.payments.api.payment_messages import ROUTES, paying_account_message, payment_message
from services.payments.domain.payment import InstrumentLimit, Payment
from services.payments.domain.refunds import RefundRoute, RefundWanted
from services.payments.domain.refusals import (
    MAX_ORDER_PARTS,
    MAX_SEATS,
    InstrumentWanted,
    PaymentWanted,
    refused_total,
)
from services.payments.handlers.payment_desk import PaymentDesk
from services.payments.handlers.payment_methods import MethodDesk
from services.runtime.errors import UNSET, Fault, FieldInvalid, Refusal, refused_fields
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import STATUS_OF_KIND, accept, answered, status_of_fault

# Payments of one call of many.
MOST_AT_ONCE = 128
DEFAULT_LANGUAGE = "en"


def _answered(answer: Payment | Refusal) -> pb.Payment:
    return payment_message(answered(answer))


def _refused_keys(
    request: pb.GetPaymentRequest | pb.CancelPaymentRequest | pb.RefundPaymentRequest,
) -> tuple[FieldInvalid | None, FieldInvalid | None]:
    return refused_key("house_id", request.house_id), refused_key("payment_id", request.payment_id)


def _refused_in_refund(request: pb.RefundPaymentRequest) -> tuple[FieldInvalid | None, ...]:
    return *_refused_keys(request), refused_idempotency_key(request.idempotency_key), *_refused_route(request)


def _wanted(request: pb.CreatePaymentRequest) -> PaymentWanted:
    return PaymentWanted(
        idempotency_key=request.idempotency_key,
        house_id=request.house_id,
        order_id=request.order_id,
        performance_id=request.performance_id,
        amount_minor=request.amount.amount_minor,
        currency=request.amount.currency,
        return_url=request.return_url,
        expires_at_ms=request.expires_at_ms,
        instruments=tuple(
            InstrumentWanted(one.voucher_id, one.amount.amount_minor, one.amount.currency, one.payment_id)
            for one in request.instruments
        ),
        provider_account_id=request.provider_account_id,
        method=request.method,
        limits=tuple(InstrumentLimit(one.performance_id, one.count, one.most) for one in request.limits),
    )


def _refused_count(field: str, count: int) -> FieldInvalid | None:
    if not count:
        return FieldInvalid(field, UNSET, f"1 to {MOST_AT_ONCE}")
    return FieldInvalid(field, f"has {count:,}", f"1 to {MOST_AT_ONCE}") if count > MOST_AT_ONCE else None


async def _answers(calls: Sequence[Coroutine[Any, Any, Payment | Refusal]]) -> list[pb.PaymentAnswer]:
    """Each by itself: what is refused, or not known yet, of one says nothing of the others."""
    return [_answer(each) for each in await asyncio.gather(*calls, return_exceptions=True)]


def _answer(answer: Payment | Refusal | BaseException) -> pb.PaymentAnswer:
    match answer:
        case Payment():
            return pb.PaymentAnswer(payment=payment_message(answer))
        case Refusal():
            code = STATUS_OF_KIND[answer.kind].value[0]
            refused = pb.PaymentRefused(code=code, reason=answer.reason(), message=answer.message())
            refused.facts.update(answer.facts())
            return pb.PaymentAnswer(refused=refused)
        case Fault():
            status = status_of_fault(answer)
            refused = pb.PaymentRefused(code=status.code, reason=type(answer).__name__, message=status.message)
            return pb.PaymentAnswer(refused=refused)
        case _:
            raise answer


def _refused_route(request: pb.RefundPaymentRequest) -> Iterator[FieldInvalid | None]:
    if request.route not in ROUTES:
        yield FieldInvalid("route", "is unknown", "RefundRoute")
    if request.to_payment_id or request.route == pb.REFUND_ROUTE_EXCHANGE:
        yield refused_key("to_payment_id", request.to_payment_id)
    if len(request.seats_back) > MAX_ORDER_PARTS:
        yield FieldInvalid("seats_back", f"has {len(request.seats_back):,}", f"at most {MAX_ORDER_PARTS}")
    for place, one in enumerate(request.seats_back[:MAX_ORDER_PARTS]):
        yield refused_key(f"seats_back[{place}].performance_id", one.performance_id)
        if not 1 <= one.count <= MAX_SEATS:
            problem = f"is {one.count:,}" if one.count else UNSET
            yield FieldInvalid(f"seats_back[{place}].count", problem, f"1 to {MAX_SEATS:,}")


class PaymentsServicer(PaymentsServiceServicer):
    """See payments_service.proto."""

    def __init__(self, desk: PaymentDesk, methods: MethodDesk) -> None:
        self._desk = desk
        self._methods = methods

    async def CreatePayment(self, request: pb.CreatePaymentRequest, context: Any) -> pb.CreatePaymentResponse:
        """See payments_service.proto."""
        return pb.CreatePaymentResponse(payment=_answered(await self._desk.create(_wanted(request))))

    async def CreatePayments(self, request: pb.CreatePaymentsRequest, context: Any) -> pb.CreatePaymentsResponse:
        """See payments_service.proto."""
        accept(refused_key("house_id", request.house_id), _refused_count("payments", len(request.payments)))
        creations = [self._create_of(request.house_id, each) for each in request.payments]
        return pb.CreatePaymentsResponse(answers=await _answers(creations))

    async def _create_of(self, house_id: str, request: pb.CreatePaymentRequest) -> Payment | Refusal:
        """Access was given for the house that the call names, and for no other."""
        if request.house_id and request.house_id != house_id:
            return FieldInvalid("house_id", "is another than that of the call", house_id)
        return await self._desk.create(_wanted(request))

    async def GetPayments(self, request: pb.GetPaymentsRequest, context: Any) -> pb.GetPaymentsResponse:
        """See payments_service.proto."""
        accept(
            refused_key("house_id", request.house_id),
            _refused_count("payment_ids", len(request.payment_ids)),
            *(refused_key(f"payment_ids[{place}]", one) for place, one in enumerate(request.payment_ids)),
        )
        found = [self._desk.get(request.house_id, payment_id) for payment_id in request.payment_ids]
        return pb.GetPaymentsResponse(answers=await _answers(found))

    async def GetPayment(self, request: pb.GetPaymentRequest, context: Any) -> pb.GetPaymentResponse:
        """See payments_service.proto."""
        accept(*_refused_keys(request))
        return pb.GetPaymentResponse(payment=_answered(await self._desk.get(request.house_id, request.payment_id)))

    async def CancelPayment(self, request: pb.CancelPaymentRequest, context: Any) -> pb.CancelPaymentResponse:
        """See payments_service.proto."""
        accept(*_refused_keys(request))
        return pb.CancelPaymentResponse(
            payment=_answered(await self._desk.cancel(request.house_id, request.payment_id))
        )

    async def RefundPayment(self, request: pb.RefundPaymentRequest, context: Any) -> pb.RefundPaymentResponse:
        """See payments_service.proto."""
        accept(*_refused_in_refund(request))
        return pb.RefundPaymentResponse(payment=_answered(await self._refund_of(request)))

    async def RefundPayments(self, request: pb.RefundPaymentsRequest, context: Any) -> pb.RefundPaymentsResponse:
        """See payments_service.proto."""
        accept(refused_key("house_id", request.house_id), _refused_count("refunds", len(request.refunds)))
        refunds = [self._one_refund(request.house_id, each) for each in request.refunds]
        return pb.RefundPaymentsResponse(answers=await _answers(refunds))

    async def _one_refund(self, house_id: str, request: pb.RefundPaymentRequest) -> Payment | Refusal:
        """As _create_of."""
        if request.house_id and request.house_id != house_id:
            return FieldInvalid("house_id", "is another than that of the call", house_id)
        return refused_fields(_refused_in_refund(request)) or await self._refund_of(request)

    async def _refund_of(self, request: pb.RefundPaymentRequest) -> Payment | Refusal:
        wanted = RefundWanted(
            key=request.idempotency_key,
            amount_minor=request.amount.amount_minor if request.HasField("amount") else None,
            currency=request.amount.currency,
            route=RefundRoute.EXCHANGE if request.to_payment_id else ROUTES[request.route],
            to_payment_id=request.to_payment_id,
            nothing_taken=request.nothing_taken,
            seats_back=tuple((one.performance_id, one.count) for one in request.seats_back),
        )
        return await self._desk.refund(request.house_id, request.payment_id, wanted)

    async def ListPaymentMethods(
        self, request: pb.ListPaymentMethodsRequest, context: Any
    ) -> pb.ListPaymentMethodsResponse:
        """See payments_service.proto."""
        amount, language = request.amount, request.language or DEFAULT_LANGUAGE
        accept(
            refused_key("house_id", request.house_id),
            refused_total("amount.amount_minor", amount.amount_minor),
            refused_currency("amount.currency", amount.currency),
            refused_language("language", language),
        )
        found = await self._methods.accounts(request.house_id, amount.currency, amount.amount_minor, language)
        told = [paying_account_message(one, amount.currency) for one in found]
        return pb.ListPaymentMethodsResponse(accounts=told)
