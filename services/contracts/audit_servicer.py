"""balcon.audit.v1.AuditService, for every service that owns a record: its checks first, then its facts by the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
from balcon.audit.v1.audit_service_pb2 import AuditRequest, AuditResponse, Check
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceServicer, add_AuditServiceServicer_to_server

from services.contracts.audit import MAX_VIOLATIONS, CheckResult, RecordAudit
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused
from services.runtime.rpc.server import RpcServer


class AuditServicer(AuditServiceServicer):
    """For operators: over all houses."""

    def __init__(self, audit: RecordAudit) -> None:
        self._audit = audit

    async def Audit(  # noqa: N802 (gRPC's name)
        self, request: AuditRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[AuditResponse]:
        """FieldInvalid."""
        wanted = request.performance_id
        if wanted and (refusal := refused_key("performance_id", wanted)):
            raise Refused(refusal)
        yield AuditResponse(checks=[_check(check) for check in await self._audit.checks(wanted)])
        async for page in self._audit.facts(wanted):
            yield AuditResponse(facts=page)


def serve_audit(rpc: RpcServer, audit: RecordAudit) -> None:
    """Adds the service for this record to a server that has not started."""
    servicer = AuditServicer(audit)
    rpc.add(lambda server: add_AuditServiceServicer_to_server(servicer, server), "balcon.audit.v1.AuditService")


def _check(check: CheckResult) -> Check:
    return Check(
        invariant=check.invariant,
        name=check.name,
        examined=check.examined,
        violations=check.violations[:MAX_VIOLATIONS],
    )
