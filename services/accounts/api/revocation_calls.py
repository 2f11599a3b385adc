"""balcon.accounts.v1.AccountsService, what is revoked."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.handlers.revocations import RevocationHandler
from services.contracts.wire_types import wire_instant
from services.runtime.rpc.interceptors import Context


class RevocationCalls:
    """Stateless; everything lives in the handler."""

    _revocations: RevocationHandler

    async def ListRevocations(  # noqa: N802
        self, request: pb.ListRevocationsRequest, context: Context
    ) -> pb.ListRevocationsResponse:
        current = await self._revocations.current()
        return pb.ListRevocationsResponse(
            revocations=[pb.Revocation(name=one.name, void_until_at=wire_instant(one.until_ms)) for one in current]
        )
