"""The Customers over gRPC. What is asked while calls are under way goes together: one call for many buyers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import grpc
from balcon.customers.v1.customers_service_pb2 import Buyer as WireBuyer
from balcon.customers.v1.customers_service_pb2 import (
    ConsentTick,
    GetOrderAnswersRequest,
    IdentifyCustomersRequest,
    KeepOrderAnswersRequest,
)
from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceStub

from services.contracts.reasons import Reason
from services.contracts.wire_types import wire_instant
from services.orders.adapters.gathered_calls import GatheredCalls
from services.orders.adapters.grpc_answers import declined_or_raise, unanswered
from services.orders.adapters.wire_forms import answer_of, wire_answer
from services.orders.domain.order_form import FormAnswer
from services.orders.ports import Buyer, Declined, Done, Unanswered
from services.runtime.call_context import own_account
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import ANSWERS_NOT_UNDERSTOOD

if TYPE_CHECKING:
    from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceAsyncStub

_CALL: Final = "IdentifyCustomers"
# As many buyers as a call takes, and as many calls of a house at once.
MOST_BUYERS: Final = 128
MOST_CALLS: Final = 1
_REASONS: Final = {reason.value: reason for reason in Reason}

_log = get_logger("customers")


class GrpcCustomers:
    """See Customers. Many callers share a call, so it is made on the service's own account."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: CustomersServiceAsyncStub = CustomersServiceStub(channel)
        self._calls: GatheredCalls[WireBuyer, str] = GatheredCalls(
            _CALL, self._identify, most=MOST_BUYERS, lanes=MOST_CALLS
        )

    async def identify(self, house_id: str, order_id: str, buyer: Buyer) -> str | Declined:
        """See Customers.identify."""
        return await self._calls.ask(house_id, _wire(order_id, buyer))

    async def keep_answers(
        self, house_id: str, order_id: str, customer_id: str, answers: Sequence[FormAnswer]
    ) -> Done | Declined:
        """See Customers.keep_answers."""
        request = KeepOrderAnswersRequest(
            house_id=house_id, order_id=order_id, customer_id=customer_id, answers=map(wire_answer, answers)
        )
        try:
            with own_account():
                await self._stub.KeepOrderAnswers(request)
        except grpc.aio.AioRpcError as error:
            return declined_or_raise("KeepOrderAnswers", error, frozenset({Reason.CUSTOMER_NOT_FOUND}))
        return Done()

    async def answers(self, house_id: str, order_id: str) -> Sequence[FormAnswer]:
        """See Customers.answers."""
        try:
            with own_account():
                found = await self._stub.GetOrderAnswers(GetOrderAnswersRequest(house_id=house_id, order_id=order_id))
        except grpc.aio.AioRpcError as error:
            declined_or_raise("GetOrderAnswers", error, frozenset())
            raise
        return tuple(map(answer_of, found.answers))

    async def _identify(self, house_id: str, buyers: Sequence[WireBuyer]) -> Sequence[str | Declined | Unanswered]:
        response = await self._stub.IdentifyCustomers(IdentifyCustomersRequest(house_id=house_id, buyers=buyers))
        if [one.ref for one in response.customers] != [one.ref for one in buyers]:
            ANSWERS_NOT_UNDERSTOOD.labels(_CALL).inc()
            _log.error("answer_not_understood", call=_CALL)
            raise unanswered(_CALL)
        return [_answer(one.customer_id, one.refused) for one in response.customers]


def _wire(order_id: str, buyer: Buyer) -> WireBuyer:
    return WireBuyer(
        ref=order_id,
        customer_id=buyer.customer_id,
        session_secret=buyer.session,
        name=buyer.name,
        email=buyer.email,
        language=buyer.language,
        ticks=[ConsentTick(consent_id=one.consent_id, text_version=one.text_version) for one in buyer.ticks],
        ordered_at=wire_instant(buyer.ordered_at_ms) if buyer.ordered_at_ms else None,
    )


def _answer(customer_id: str, refused: str) -> str | Declined | Unanswered:
    if customer_id:
        return customer_id
    reason = _REASONS.get(refused)
    return unanswered(_CALL) if reason is None else Declined(reason)
