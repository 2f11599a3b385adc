"""Customers looks at its own record (architecture section 7). Reads only, one snapshot for all checks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from balcon.audit.v1.audit_service_pb2 import Fact
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.audit import CheckResult
from services.contracts.sql_checks import DENSE_OUTBOX, SqlCheck, checked
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import AllHouses

# Of a single performance customers knows nothing that others do.
_CHECKS = (
    SqlCheck(
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
    SqlCheck(
        "INV-9",
        "nobody who was erased is a customer",
        "SELECT count(*) FROM erasures",
        """SELECT format('customer %s was erased and is there', e.customer_id)
           FROM erasures e JOIN customers c USING (house_id, customer_id)
           ORDER BY e.customer_id LIMIT :limit""",
    ),
    DENSE_OUTBOX,
)

_ALL = AllHouses("the audit examines the whole record")


class PostgresAudit:
    """See RecordAudit. Customers has nothing that other records have too."""

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
