"""What accounts looks at in its own record (architecture section 7)."""

from __future__ import annotations

from services.contracts.sql_checks import DENSE_OUTBOX, SqlCheck

# Of a single performance accounts knows nothing.
CHECKS = (
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
