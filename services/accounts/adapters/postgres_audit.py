"""Accounts looks at its own record (architecture section 7). Reads only, one snapshot for all checks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from balcon.audit.v1.audit_service_pb2 import Fact
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.audit import CheckResult
from services.contracts.sql_checks import DENSE_OUTBOX, SqlCheck, checked
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import AllHouses

# Of a single performance accounts knows nothing.
_CHECKS = (
    SqlCheck(
        "accounts",
        "each house has an owner",
        "SELECT count(*) FROM houses",
        """SELECT format('house %s has no owner among %s members', h.house_id, count(m.person_id))
           FROM houses h LEFT JOIN memberships m USING (house_id)
           GROUP BY h.house_id HAVING count(*) FILTER (WHERE 'owner' = ANY (m.roles)) = 0
           ORDER BY h.house_id LIMIT :limit""",
    ),
    SqlCheck(
        "accounts",
        "each session of a person is of one who exists",
        "SELECT count(*) FROM sessions WHERE kind = 'person'",
        """SELECT format('session %s: there is no person %s', s.session_id, s.subject)
           FROM sessions s LEFT JOIN people p ON p.person_id = s.subject
           WHERE s.kind = 'person' AND p.person_id IS NULL
           ORDER BY s.session_id LIMIT :limit""",
    ),
    DENSE_OUTBOX,
)

_ALL = AllHouses("the audit examines the whole record")


class PostgresAudit:
    """See RecordAudit. Accounts has nothing that other records have too."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._moments = for_snapshots(engine)

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        async with connected(self._moments, _ALL) as connection:
            # Its keys are no performances: all are looked at, whichever is asked about.
            return await checked(connection, _CHECKS, {"performance_id": ""})

    async def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """None."""
        nothing: Sequence[Sequence[Fact]] = ()
        for page in nothing:
            yield page
