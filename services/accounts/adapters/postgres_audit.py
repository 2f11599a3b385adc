"""Accounts looks at its own record (architecture section 7). Reads only, one snapshot for all checks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from balcon.audit.v1.audit_service_pb2 import Fact
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.audit import MAX_VIOLATIONS, CheckResult
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import AllHouses

# (invariant, name, what is examined, what breaks it). Of a single performance accounts knows nothing.
_CHECKS = (
    (
        "accounts",
        "each house has an owner",
        "SELECT count(*) FROM houses",
        """SELECT format('house %s has no owner among %s members', h.house_id, count(m.person_id))
           FROM houses h LEFT JOIN memberships m USING (house_id)
           GROUP BY h.house_id HAVING count(*) FILTER (WHERE 'owner' = ANY (m.roles)) = 0
           ORDER BY h.house_id LIMIT :limit""",
    ),
    (
        "accounts",
        "each session of a person is of one who exists",
        "SELECT count(*) FROM sessions WHERE kind = 'person'",
        """SELECT format('session %s: there is no person %s', s.session_id, s.subject)
           FROM sessions s LEFT JOIN people p ON p.person_id = s.subject
           WHERE s.kind = 'person' AND p.person_id IS NULL
           ORDER BY s.session_id LIMIT :limit""",
    ),
    (
        "INV-7",
        "numbers of events are dense per key and end at the last one given",
        "SELECT count(*) FROM outbox",
        # Old rows are purged from the front, so density is counted from the first that is left.
        """SELECT format('topic %s key %s: %s events numbered %s to %s, last given %s', o.topic, o.key, count(*),
                         min(o.sequence), max(o.sequence), coalesce(s.last_sequence::text, 'none'))
           FROM outbox o LEFT JOIN outbox_sequence s USING (topic, key)
           WHERE o.sequence IS NOT NULL
           GROUP BY o.topic, o.key, s.last_sequence
           HAVING count(*) <> max(o.sequence) - min(o.sequence) + 1 OR count(DISTINCT o.sequence) <> count(*)
               OR max(o.sequence) IS DISTINCT FROM s.last_sequence
           ORDER BY o.key LIMIT :limit""",
    ),
)

_ALL = AllHouses("the audit examines the whole record")


class PostgresAudit:
    """See RecordAudit. Accounts has nothing that other records have too."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._moments = for_snapshots(engine)

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        async with connected(self._moments, _ALL) as connection:
            return [
                await self._check(connection, invariant, name, examined, broken)
                for invariant, name, examined, broken in _CHECKS
            ]

    async def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """None."""
        nothing: Sequence[Sequence[Fact]] = ()
        for page in nothing:
            yield page

    @staticmethod
    async def _check(connection: AsyncConnection, invariant: str, name: str, examined: str, broken: str) -> CheckResult:
        count: int = (await connection.execute(text(examined))).scalar_one()
        found = (await connection.execute(text(broken), {"limit": MAX_VIOLATIONS})).scalars().all()
        return CheckResult(invariant, name, count, tuple(found))
