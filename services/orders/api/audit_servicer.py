"""balcon.audit.v1.AuditService for the orders: the record against itself, then the facts others compare."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
from balcon.audit.v1.audit_service_pb2 import AuditRequest, AuditResponse, Check, Fact, OrderInRecord, TicketInRecord
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceServicer

from services.orders.api.messages import money_message
from services.orders.ports import CheckResult, RecordAudit, RecordedOrder, RecordedTicket
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused


class AuditServicer(AuditServiceServicer):
    """For operators: over all houses."""

    def __init__(self, audit: RecordAudit) -> None:
        self._audit = audit

    async def Audit(  # noqa: N802 (gRPC's name)
        self, request: AuditRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[AuditResponse]:
        """FieldInvalid."""
        if request.performance_id and (refusal := refused_key("performance_id", request.performance_id)):
            raise Refused(refusal)
        checks = await self._audit.checks(request.performance_id)
        yield AuditResponse(checks=[_check(check) for check in checks])
        async for orders in self._audit.orders(request.performance_id):
            yield AuditResponse(facts=[Fact(order=_order(order)) for order in orders])
        async for tickets in self._audit.tickets(request.performance_id):
            yield AuditResponse(facts=[Fact(ticket=_ticket(ticket)) for ticket in tickets])


def _check(check: CheckResult) -> Check:
    return Check(invariant=check.invariant, name=check.name, examined=check.examined, violations=check.violations)


def _order(order: RecordedOrder) -> OrderInRecord:
    return OrderInRecord(
        performance_id=order.performance_id,
        order_id=order.order_id,
        state=order.state.value,
        total=money_message(order.total),
        seats=order.seats,
        refunded=money_message(order.refunded),
        was_confirmed=order.was_confirmed,
        seats_are=order.seats_are.value,
    )


def _ticket(ticket: RecordedTicket) -> TicketInRecord:
    return TicketInRecord(performance_id=ticket.performance_id, seat_id=ticket.seat_id, order_id=ticket.order_id)
