"""What trackers looks at in its own record (architecture section 7)."""

from __future__ import annotations

from services.contracts.outbound_checks import OUTBOUND_CHECKS
from services.contracts.sql_checks import DENSE_OUTBOX, SqlCheck

CHECKS = (
    SqlCheck(
        "INV-8",
        "no tracker is attached to anything of another house (R3.14)",
        "SELECT count(*) FROM attachments",
        """SELECT format('tracker %s of house %s is attached to %s %s of house %s', a.tracker_id, a.house_id,
                         lower(a.scope), a.thing_id, s.house_id)
           FROM attachments a JOIN shows s
             ON a.thing_id = CASE a.scope WHEN 'PRODUCTION' THEN s.production_id ELSE s.performance_id END
           WHERE s.house_id <> a.house_id
             AND NOT EXISTS (
                 SELECT FROM shows own
                 WHERE own.house_id = a.house_id
                   AND a.thing_id = CASE a.scope WHEN 'PRODUCTION' THEN own.production_id ELSE own.performance_id END)
           GROUP BY a.tracker_id, a.house_id, a.scope, a.thing_id, s.house_id
           ORDER BY a.tracker_id LIMIT :limit""",
    ),
    SqlCheck(
        "INV-9",
        "nothing of a browser is kept of a visit that does not allow it",
        "SELECT count(*) FROM visits",
        """SELECT format('visit %s of house %s', visit_id, house_id) FROM visits
           WHERE sealed_traces IS NOT NULL AND NOT coalesce((consents -> 'ad_user_data' ->> 0)::boolean, false)
           ORDER BY visit_id LIMIT :limit""",
    ),
    SqlCheck(
        "R3.15",
        "a purchase is told once an order and tracker",
        "SELECT count(*) FROM tracker_calls WHERE step = 'done'",
        """SELECT format('tracker %s was told %s purchases of order %s', tracker_id, count(*), order_id)
           FROM tracker_calls WHERE step = 'done' GROUP BY house_id, tracker_id, order_id HAVING count(*) > 1
           ORDER BY 1 LIMIT :limit""",
    ),
    DENSE_OUTBOX,
    *OUTBOUND_CHECKS,
)
