"""gRPC AuditService of payments: its own checks first, then every payment as a fact."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from balcon.audit.v1 import audit_service_pb2 as pb
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceServicer
from balcon.types.v1.money_pb2 import Money

from services.payments.ports import AuditSource, PaymentFact
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused

FACTS_A_PAGE = 1_000


class PaymentsAuditServicer(AuditServiceServicer):
    """See audit_service.proto."""

    def __init__(self, source: AuditSource) -> None:
        self._source = source

    async def Audit(  # noqa: N802 (gRPC's name)
        self, request: pb.AuditRequest, context: Any
    ) -> AsyncIterator[pb.AuditResponse]:
        """See audit_service.proto."""
        if request.performance_id:
            refusal = refused_key("performance_id", request.performance_id)
            if refusal is not None:
                raise Refused(refusal)
        checks = [
            pb.Check(
                invariant=check.invariant, name=check.name, examined=check.examined, violations=list(check.violations)
            )
            for check in await self._source.checks(request.performance_id)
        ]
        yield pb.AuditResponse(checks=checks)
        async for page in self._source.facts(request.performance_id, FACTS_A_PAGE):
            yield pb.AuditResponse(facts=[_fact(fact) for fact in page])


def _fact(fact: PaymentFact) -> pb.Fact:
    return pb.Fact(
        payment=pb.PaymentInRecord(
            performance_id=fact.performance_id,
            order_id=fact.order_id,
            payment_id=fact.payment_id,
            state=fact.state,
            refunded=fact.refunded,
            amount=Money(amount_minor=fact.amount_minor, currency=fact.currency),
            refunded_amount=Money(amount_minor=fact.refunded_minor, currency=fact.currency),
        )
    )
