"""What customers looks at in its own record (architecture section 7)."""

from __future__ import annotations

from services.contracts.sql_checks import DENSE_OUTBOX, SqlCheck

# Of a single performance customers knows nothing that others do.
CHECKS = (
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
