"""The Customers over gRPC. What is asked while calls are under way goes together: one call for many buyers."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import grpc
from balcon.customers.v1.customers_service_pb2 import Buyer as WireBuyer
from balcon.customers.v1.customers_service_pb2 import (
    ConsentTick,
    IdentifyCustomersRequest,
    IdentifyCustomersResponse,
)
from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceStub

from services.contracts.reasons import Reason
from services.contracts.wire_types import wire_instant
from services.orders.adapters.grpc_answers import declined_or_raise, unanswered
from services.orders.ports import Buyer, Declined, Unanswered
from services.runtime.call_context import outside_call
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import ANSWERS_NOT_UNDERSTOOD

if TYPE_CHECKING:
    from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceAsyncStub

_CALL: Final = "IdentifyCustomers"
# As many buyers as a call takes, and as many calls of a house at once.
MOST_BUYERS: Final = 128
MOST_CALLS: Final = 4
_REASONS: Final = {reason.value: reason for reason in Reason}

_log = get_logger("customers")


@dataclass(slots=True)
class _Waiting:
    """A buyer, and who waits for its customer."""

    buyer: WireBuyer
    told: asyncio.Future[str | Declined]


@dataclass(slots=True)
class _House:
    """What waits to be asked for a house, and the calls that are under way."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    calls: set[asyncio.Task[None]] = field(default_factory=set)


class GrpcCustomers:
    """See Customers. Many callers share a call, so it is made on the service's own account."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: CustomersServiceAsyncStub = CustomersServiceStub(channel)
        self._houses: defaultdict[str, _House] = defaultdict(_House)

    async def identify(self, house_id: str, order_id: str, buyer: Buyer) -> str | Declined:
        """See Customers.identify."""
        waits = _Waiting(_wire(order_id, buyer), asyncio.get_running_loop().create_future())
        house = self._houses[house_id]
        house.waiting.append(waits)
        if len(house.calls) < MOST_CALLS:
            call = asyncio.create_task(self._ask(house_id, house), context=outside_call())
            house.calls.add(call)
            call.add_done_callback(house.calls.discard)
        return await waits.told

    async def _ask(self, house_id: str, house: _House) -> None:
        while house.waiting:
            batch = [house.waiting.popleft() for _ in range(min(len(house.waiting), MOST_BUYERS))]
            request = IdentifyCustomersRequest(house_id=house_id, buyers=[one.buyer for one in batch])
            try:
                told = _read(batch, await self._stub.IdentifyCustomers(request))
            except grpc.aio.AioRpcError as error:
                fault = _fault(error)
                for one in batch:
                    if not one.told.done():
                        one.told.set_exception(fault)
            except BaseException:
                for one in batch:
                    one.told.cancel()
                raise
            else:
                for one, answer in zip(batch, told, strict=True):
                    if one.told.done():
                        continue
                    if isinstance(answer, Unanswered):
                        one.told.set_exception(answer)
                    else:
                        one.told.set_result(answer)


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


def _fault(error: grpc.aio.AioRpcError) -> Unanswered:
    """No reason proves anything of a batch of many."""
    try:
        declined_or_raise(_CALL, error, frozenset())
    except Unanswered as fault:
        return fault
    raise AssertionError


def _read(batch: Sequence[_Waiting], response: IdentifyCustomersResponse) -> Sequence[str | Declined | Unanswered]:
    refs = [one.buyer.ref for one in batch]
    if [one.ref for one in response.customers] != refs:
        ANSWERS_NOT_UNDERSTOOD.labels(_CALL).inc()
        _log.error("answer_not_understood", call=_CALL)
        return [unanswered(_CALL)] * len(batch)
    return [_answer(one.customer_id, one.refused) for one in response.customers]


def _answer(customer_id: str, refused: str) -> str | Declined | Unanswered:
    if customer_id:
        return customer_id
    reason = _REASONS.get(refused)
    return unanswered(_CALL) if reason is None else Declined(reason)
