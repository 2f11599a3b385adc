"""balcon.payments.v1.RefundTasksService: requests to the handler, answers to messages. No rules."""
# ruff: noqa: N802 (the methods have gRPC's names)

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from balcon.payments.v1 import refund_tasks_pb2 as pb
from balcon.payments.v1.refund_tasks_pb2_grpc import RefundTasksServiceServicer

from services.contracts.pages import asked_page
from services.contracts.texts import refused_idempotency_key, refused_text
from services.payments.api.payment_messages import payment_message, refund_message
from services.payments.domain.payment import Payment
from services.payments.domain.refund_transitions import Settlement, SettlementWanted
from services.payments.domain.refunds import RefundState
from services.payments.domain.voucher import MAX_NOTE
from services.payments.handlers.refund_tasks import RefundTasks
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

MAX_REFERENCE: Final = 100
_SETTLEMENTS: Final = {pb.RefundSettlement.Value(f"REFUND_SETTLEMENT_{one.name}"): one for one in Settlement}


class RefundTasksServicer(RefundTasksServiceServicer):
    """See refund_tasks.proto."""

    def __init__(self, tasks: RefundTasks) -> None:
        self._tasks = tasks

    async def ListRefundTasks(self, request: pb.ListRefundTasksRequest, context: Context) -> pb.ListRefundTasksResponse:
        house = refused_key("house_id", request.house_id)
        asked = answered(asked_page(request.page_size, request.page_token, request.house_id, house))
        page = await self._tasks.page(request.house_id, asked)
        tasks = [task for payment in page.payments for task in _tasks(payment)]
        return pb.ListRefundTasksResponse(tasks=tasks, next_page_token=page.next_page_token)

    async def SettleRefund(self, request: pb.SettleRefundRequest, context: Context) -> pb.SettleRefundResponse:
        accept(
            refused_key("house_id", request.house_id),
            refused_key("payment_id", request.payment_id),
            refused_idempotency_key(request.refund_key, "refund_key"),
            _refused_settlement(request.settlement),
            refused_text("note", request.note, at_most=MAX_NOTE),
            refused_text("reference", request.reference, at_least=0, at_most=MAX_REFERENCE),
        )
        wanted = SettlementWanted(request.refund_key, _SETTLEMENTS[request.settlement], request.note, request.reference)
        payment = answered(await self._tasks.settle(request.house_id, request.payment_id, wanted))
        return pb.SettleRefundResponse(payment=payment_message(payment))


def _tasks(payment: Payment) -> Iterator[pb.RefundTask]:
    for refund in payment.refunds:
        if refund.state is RefundState.STUCK:
            yield pb.RefundTask(
                house_id=payment.house_id,
                payment_id=payment.payment_id,
                order_id=payment.order_id,
                performance_id=payment.performance_id,
                refund=refund_message(payment, refund),
            )


def _refused_settlement(wire: pb.RefundSettlement.ValueType) -> FieldInvalid | None:
    if wire in _SETTLEMENTS:
        return None
    problem = f"{int(wire)} is none" if wire else UNSET
    return FieldInvalid("settlement", problem, ", ".join(one.name for one in Settlement))
