"""A record that is audited by checks alone: it has nothing that another record has too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from balcon.audit.v1.audit_service_pb2 import Fact
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.audit import CheckResult
from services.contracts.sql_checks import SqlCheck, checked
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import AllHouses

_ALL = AllHouses("the audit examines the whole record")


class CheckedRecord:
    """See RecordAudit. Reads only, one snapshot for all checks.

    `by_performance`: its keys are performances, and checks may be of one; else all is looked at, whatever is asked.
    """

    def __init__(self, engine: AsyncEngine, checks: Sequence[SqlCheck], *, by_performance: bool = False) -> None:
        self._moments = for_snapshots(engine)
        self._checks = checks
        self._by_performance = by_performance

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        """See RecordAudit.checks."""
        known = {"performance_id": performance_id if self._by_performance else ""}
        async with connected(self._moments, _ALL) as connection:
            return await checked(connection, self._checks, known)

    async def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """None."""
        nothing: Sequence[Sequence[Fact]] = ()
        for page in nothing:
            yield page
