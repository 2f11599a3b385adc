"""Customers looks at its own record (architecture section 7). Reads only, one snapshot for all checks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from balcon.audit.v1.audit_service_pb2 import Fact
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.audit import MAX_VIOLATIONS, CheckResult
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import AllHouses

# (invariant, name, what is examined, what breaks it). Of a single performance customers knows nothing that others do.
_CHECKS = (
    (
        "INV-9",
        "each answer stands as its last step says",
        "SELECT count(*) FROM answers",
        """SELECT format('customer %s consent %s is %s, its last step says %s', a.customer_id, a.consent_id, a.state,
                         coalesce(s.state, 'nothing'))
           FROM answers a LEFT JOIN LATERAL (
               SELECT state FROM answer_steps s
               WHERE (s.house_id, s.customer_id, s.consent_id) = (a.house_id, a.customer_id, a.consent_id)
               ORDER BY s.changed_at_ms DESC, s.step_id DESC LIMIT 1) s ON true
           WHERE a.state IS DISTINCT FROM s.state
           ORDER BY a.customer_id LIMIT :limit""",
    ),
    (
        "INV-9",
        "nobody who was erased is a customer",
        "SELECT count(*) FROM erasures",
        """SELECT format('customer %s was erased and is there', e.customer_id)
           FROM erasures e JOIN customers c USING (house_id, customer_id)
           ORDER BY e.customer_id LIMIT :limit""",
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
    """See RecordAudit. Customers has nothing that other records have too."""

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
