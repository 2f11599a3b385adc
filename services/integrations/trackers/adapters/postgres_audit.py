"""Trackers looks at its own record (architecture section 7). Reads only, one snapshot for all checks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from balcon.audit.v1.audit_service_pb2 import Fact
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.audit import CheckResult
from services.contracts.outbound_checks import OUTBOUND_CHECKS
from services.contracts.sql_checks import DENSE_OUTBOX, checked
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import AllHouses

_CHECKS = (DENSE_OUTBOX, *OUTBOUND_CHECKS)

_ALL = AllHouses("the audit examines the whole record")


class PostgresAudit:
    """See RecordAudit. Trackers has nothing that other records have too."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._moments = for_snapshots(engine)

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        """All of them, whichever performance is asked about."""
        async with connected(self._moments, _ALL) as connection:
            return await checked(connection, _CHECKS, {"performance_id": ""})

    async def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """None."""
        nothing: Sequence[Sequence[Fact]] = ()
        for page in nothing:
            yield page
