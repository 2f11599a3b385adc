"""A record's audit with the wall between houses around it (INV-8), alike for every service with a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from balcon.audit.v1.audit_service_pb2 import Fact
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.audit import CheckResult, RecordAudit
from services.runtime.sql.wall_audit import Reference, look_at_wall


class WalledAudit:
    """See RecordAudit. The record is in the engine's database; `references` are those that are no foreign keys."""

    def __init__(self, record: RecordAudit, engine: AsyncEngine, references: Sequence[Reference] = ()) -> None:
        self._record = record
        self._engine = engine
        self._references = references

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        """The wall is looked at as a whole, whatever the performance."""
        wall = await look_at_wall(self._engine, self._references)
        told = [CheckResult("INV-8", check.name, check.examined, check.violations) for check in wall]
        return [*await self._record.checks(performance_id), *told]

    def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """See RecordAudit.facts."""
        return self._record.facts(performance_id)
