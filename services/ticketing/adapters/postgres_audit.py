"""The ticketing database looked at by the auditor: reads only, over all houses, from one snapshot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from balcon.audit.v1.audit_service_pb2 import Fact
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.audit import MAX_VIOLATIONS, CheckResult
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import AllHouses

_SEQUENCES = "SELECT count(*) FROM outbox_sequence WHERE (:performance_id = '' OR key = :performance_id)"
# Old rows are purged from the front, so what is kept must be dense up to the last number given.
_NOT_DENSE = f"""
    SELECT 'topic ' || s.topic || ' key ' || s.key || ': last ' || s.last_sequence || ', kept ' || count(o.id)
           || ' from ' || coalesce(min(o.sequence), 0) || ' to ' || coalesce(max(o.sequence), 0)
    FROM outbox_sequence s LEFT JOIN outbox o ON o.topic = s.topic AND o.key = s.key AND o.sequence IS NOT NULL
    WHERE (:performance_id = '' OR s.key = :performance_id)
    GROUP BY s.topic, s.key, s.last_sequence
    HAVING count(o.id) > 0 AND (max(o.sequence) <> s.last_sequence
        OR count(DISTINCT o.sequence) <> count(o.id) OR max(o.sequence) - min(o.sequence) + 1 <> count(o.id))
    ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608

_CHECKS = (("INV-7", "events are numbered without gaps per key", _SEQUENCES, _NOT_DENSE),)

_ALL = AllHouses("the audit examines the whole record")


class PostgresAudit:
    """See RecordAudit."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._moments = for_snapshots(engine)

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        known = {"performance_id": performance_id}
        async with connected(self._moments, _ALL) as connection:
            return [
                CheckResult(
                    invariant,
                    name,
                    int((await _run(connection, examined, known))[0][0]),
                    [row[0] for row in await _run(connection, violations, known)],
                )
                for invariant, name, examined, violations in _CHECKS
            ]

    async def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """None yet: nothing of it is compared with another record."""
        return
        yield


async def _run(connection: AsyncConnection, statement: str, known: dict[str, Any]) -> Sequence[Any]:
    return (await connection.execute(text(statement), known)).all()
