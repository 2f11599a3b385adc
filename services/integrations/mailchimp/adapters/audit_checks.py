"""What mailchimp looks at in its own record (architecture section 7)."""

from __future__ import annotations

from services.contracts.outbound_checks import OUTBOUND_CHECKS
from services.contracts.sql_checks import DENSE_OUTBOX, SqlCheck

CHECKS = (
    SqlCheck(
        "INV-9",
        "whoever was told of there and is not due has a consent that counts, or leaves",
        "SELECT count(*) FROM members WHERE there IN ('told', 'subscribed', 'pending')",
        """SELECT format('customer %s is %s in audience %s without a consent', m.customer_id, m.there, m.list_id)
           FROM members m
           WHERE m.there IN ('told', 'subscribed', 'pending') AND m.generation = m.told_generation
             AND NOT EXISTS (
                 SELECT 1 FROM standings s JOIN audience_syncs a USING (house_id, consent_id)
                 WHERE (s.house_id, s.customer_id, a.list_id) = (m.house_id, m.customer_id, m.list_id)
                   AND s.state = 'CONFIRMED')
           ORDER BY m.list_id, m.customer_id LIMIT :limit""",
    ),
    SqlCheck(
        "INV-9",
        "nobody who was erased counts as told",
        "SELECT count(*) FROM members WHERE erased",
        """SELECT format('customer %s was erased and stays in audience %s', customer_id, list_id)
           FROM members WHERE erased AND generation = told_generation
           ORDER BY list_id, customer_id LIMIT :limit""",
    ),
    *OUTBOUND_CHECKS,
    DENSE_OUTBOX,
)
