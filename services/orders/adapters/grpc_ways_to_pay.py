"""The WaysToPay over gRPC, at payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from balcon.payments.v1 import payments_service_pb2 as pb
from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub

from services.contracts.wire_types import wire_money
from services.orders.adapters.grpc_answers import unanswered
from services.orders.ports import PayingAccount, PayingState, WayToPay

if TYPE_CHECKING:
    from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceAsyncStub

_STATES = {
    pb.PAYING_STATE_LOCKED: PayingState.LOCKED,
    pb.PAYING_STATE_SILENT: PayingState.SILENT,
}


class GrpcWaysToPay:
    """See WaysToPay. A process of the release before, which knows no ways, has not answered."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: PaymentsServiceAsyncStub = PaymentsServiceStub(channel)

    async def accounts(
        self, house_id: str, currency: str, amount_minor: int, language: str
    ) -> tuple[PayingAccount, ...]:
        asked = pb.ListPaymentMethodsRequest(
            house_id=house_id, amount=wire_money(amount_minor, currency), language=language
        )
        try:
            told = await self._stub.ListPaymentMethods(asked)
        except grpc.aio.AioRpcError as error:
            raise unanswered("ListPaymentMethods") from error
        return tuple(_account(one) for one in told.accounts)


def _account(told: pb.PayingAccount) -> PayingAccount:
    ways = tuple(WayToPay(one.method, one.name, one.least.amount_minor, one.most.amount_minor) for one in told.methods)
    return PayingAccount(
        told.provider_account_id,
        told.provider,
        told.name,
        told.is_default,
        _STATES.get(told.state, PayingState.OPEN),
        ways if told.methods_known else None,
    )
