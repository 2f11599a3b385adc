"""balcon.audit.v1.AuditService: reporting's own checks, then the totals that only a comparison can check."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
from balcon.audit.v1.audit_service_pb2 import AuditRequest, AuditResponse, Check, Fact
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceServicer

from services.reporting.api.totals_messages import totals_in_record
from services.reporting.ports import CheckResult, ReadModelAudit
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused


class AuditServicer(AuditServiceServicer):
    """For operators: over all houses."""

    def __init__(self, audit: ReadModelAudit) -> None:
        self._audit = audit

    async def Audit(  # noqa: N802 (gRPC's name)
        self, request: AuditRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[AuditResponse]:
        """FieldInvalid."""
        if request.performance_id:
            refused = refused_key("performance_id", request.performance_id)
            if refused is not None:
                raise Refused(refused)
        checks = await self._audit.checks(request.performance_id)
        yield AuditResponse(checks=[_check(check) for check in checks])
        async for page in self._audit.all_totals(request.performance_id):
            yield AuditResponse(facts=[Fact(totals=totals_in_record(totals)) for totals in page])


def _check(check: CheckResult) -> Check:
    return Check(invariant=check.invariant, name=check.name, examined=check.examined, violations=list(check.violations))
