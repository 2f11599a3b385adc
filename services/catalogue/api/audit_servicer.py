"""balcon.audit.v1.AuditService of the catalogue: its own checks. It has no facts that others compare with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
from balcon.audit.v1 import audit_service_pb2 as pb
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceServicer

from services.catalogue.ports import CatalogueAudit
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused


class AuditServicer(AuditServiceServicer):
    """For operators; over all houses."""

    def __init__(self, audit: CatalogueAudit) -> None:
        self._audit = audit

    async def Audit(  # noqa: N802
        self, request: pb.AuditRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.AuditResponse]:
        """See the proto."""
        if request.performance_id and (refusal := refused_key("performance_id", request.performance_id)):
            raise Refused(refusal)
        checks = await self._audit.checks(request.performance_id)
        yield pb.AuditResponse(
            checks=[
                pb.Check(
                    invariant=check.invariant, name=check.name, examined=check.examined, violations=check.violations
                )
                for check in checks
            ]
        )
