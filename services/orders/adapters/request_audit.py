"""What the record of buyers' requests says of itself, beside the orders that they are of."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.audit import MAX_VIOLATIONS, CheckResult

_COUNT: Final = sa.text("SELECT count(*) FROM refund_requests")
# A ticket that somebody may ask for again, or a request that nobody can decide; a ticket that is paid back and lets in.
_BROKEN: Final = sa.text(
    """SELECT house_id, refund_request_id, why FROM (
           SELECT requests.house_id, requests.refund_request_id,
                  'is ' || state || ' with ' || count(*) FILTER (WHERE is_open) || ' open tickets' AS why
           FROM refund_requests AS requests JOIN refund_request_lines USING (refund_request_id)
           GROUP BY 1, 2, state
           HAVING count(*) FILTER (WHERE is_open) <> CASE WHEN state = 'ASKED' THEN count(*) ELSE 0 END
           UNION ALL
           SELECT requests.house_id, refund_request_id, 'is granted and seat ' || lines.seat_id || ' lets in'
           FROM refund_requests AS requests JOIN refund_request_lines AS lines USING (refund_request_id)
           JOIN tickets ON tickets.order_id = lines.order_id AND tickets.performance_id = lines.performance_id
               AND tickets.seat_id = lines.seat_id
           WHERE requests.state = 'GRANTED' AND tickets.valid
       ) AS broken ORDER BY 1, 2 LIMIT :most"""
).bindparams(most=MAX_VIOLATIONS)


async def checked_requests(connection: AsyncConnection) -> CheckResult:
    """In the scope of all houses."""
    total = await connection.scalar(_COUNT)
    found = (await connection.execute(_BROKEN)).all()
    told = [f"house {row.house_id} request {row.refund_request_id} {row.why}" for row in found]
    return CheckResult("orders", "a request that was granted has no tickets that let in", total or 0, told)
