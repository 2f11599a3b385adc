"""The OrderDoor over gRPC: ticketing knows which codes are good. Asked on behalf of the caller, whose guesses count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc
from balcon.ticketing.v1.own_tickets_pb2 import CheckOrderCodeRequest
from balcon.ticketing.v1.own_tickets_pb2_grpc import OwnTicketsServiceStub

from services.contracts.order_code_refusals import OrderCodeWrong
from services.contracts.reasons import Reason
from services.contracts.voucher_refusals import TooManyWrongCodes
from services.orders.adapters.grpc_answers import declined_or_raise
from services.orders.domain.refunds import LineRef
from services.orders.ports.order_door import ShownCode
from services.runtime.errors import Refusal

if TYPE_CHECKING:
    from balcon.ticketing.v1.own_tickets_pb2_grpc import OwnTicketsServiceAsyncStub

_CALL: Final = "CheckOrderCode"
_CERTAIN: Final = frozenset({Reason.ORDER_CODE_WRONG, Reason.TOO_MANY_WRONG_CODES})
_LEAST_WAIT_MS: Final = 1_000


class GrpcOrderDoor:
    """See OrderDoor."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: OwnTicketsServiceAsyncStub = OwnTicketsServiceStub(channel)

    async def shown(self, house_id: str, order_id: str, code: str) -> ShownCode | Refusal:
        """See OrderDoor.shown."""
        request = CheckOrderCodeRequest(house_id=house_id, order_id=order_id, ticket_code=code)
        try:
            told = await self._stub.CheckOrderCode(request)
        except grpc.aio.AioRpcError as error:
            declined = declined_or_raise(_CALL, error, _CERTAIN)
            if declined.reason is Reason.ORDER_CODE_WRONG:
                return OrderCodeWrong()
            asked_ms = declined.facts.get("retry_after_ms", "")
            return TooManyWrongCodes(max(_LEAST_WAIT_MS, int(asked_ms) if asked_ms.isdecimal() else 0))
        lines = tuple(LineRef(one.performance_id, one.seat_id) for one in told.tickets)
        return ShownCode(told.ticket.holder_id, lines, LineRef(told.ticket.performance_id, told.ticket.seat_id))
