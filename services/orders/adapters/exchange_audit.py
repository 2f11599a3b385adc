"""What the record of exchanges says of itself: whether the two orders of each tell the same of it (R2.9)."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.audit import MAX_VIOLATIONS, CheckResult

_COUNT: Final = sa.text("SELECT count(*) FROM orders WHERE exchange IS NOT NULL")
_BOTH_VALID, _BOTH_LOST, _LOCKED, _WAITING = "both valid", "both lost", "locked", "waiting"
_CHECKS: Final = {
    _BOTH_VALID: ("INV-1", "of an exchange never both tickets are valid"),
    _BOTH_LOST: ("INV-1", "of an exchange never both tickets are lost"),
    _LOCKED: ("orders", "no ticket is kept for an exchange that is over"),
    _WAITING: ("orders", "no order waits for too long for an exchange that has ended"),
}
# Orders that take others' lines, and lines that are given, each with what the other order says of it.
_BROKEN: Final = sa.text(
    """WITH taking AS (
           SELECT house_id, order_id, state, state_since_ms, confirmed_at_ms, exchange -> 'of' AS taken
           FROM orders WHERE jsonb_typeof(exchange -> 'of') = 'object'
       ), giving AS (
           SELECT house_id, order_id, one ->> 'order_id' AS new_order_id, one ->> 'status' AS status
           FROM orders CROSS JOIN LATERAL jsonb_array_elements(exchange -> 'given') AS one
           WHERE exchange IS NOT NULL
       )
       SELECT kind, house_id, order_id, why FROM (
           SELECT 'both valid' AS kind, taking.house_id, taking.order_id,
                  'has its tickets and seat ' || tickets.seat_id || ' of ' || tickets.order_id || ' lets in' AS why
           FROM taking CROSS JOIN LATERAL jsonb_array_elements(taken -> 'lines') AS line
           JOIN tickets ON tickets.order_id = taken ->> 'order_id'
               AND tickets.performance_id = line ->> 'performance_id' AND tickets.seat_id = line ->> 'seat_id'
           WHERE taken ->> 'status' = 'DONE' AND tickets.valid
           UNION ALL
           SELECT 'both lost', giving.house_id, giving.order_id, 'gave for ' || new_order_id || ', which never sold'
           FROM giving LEFT JOIN taking ON taking.order_id = new_order_id
           WHERE status = 'DONE' AND coalesce(confirmed_at_ms, 0) = 0
           UNION ALL
           SELECT 'locked', giving.house_id, giving.order_id, 'keeps lines for ' || new_order_id || ', which is over'
           FROM giving LEFT JOIN taking ON taking.order_id = new_order_id
           WHERE status = 'OPEN' AND coalesce(taken ->> 'status', '') <> 'OPEN'
           UNION ALL
           SELECT 'waiting', house_id, order_id, 'is ' || state || ' and its exchange is open'
           FROM taking
           WHERE taken ->> 'status' = 'OPEN' AND state_since_ms < :late_ms
               AND (confirmed_at_ms > 0 OR state IN ('CANCELLED', 'REFUND_DUE', 'REFUNDED'))
       ) AS broken ORDER BY 1, 2, 3 LIMIT :most"""
).bindparams(most=MAX_VIOLATIONS)


async def checked_exchanges(connection: AsyncConnection, late_ms: int) -> list[CheckResult]:
    """In the scope of all houses. `late_ms`: what has been so since before then, has been so for too long."""
    total = await connection.scalar(_COUNT) or 0
    found = (await connection.execute(_BROKEN.bindparams(late_ms=late_ms))).all()
    return [
        CheckResult(
            invariant,
            name,
            total,
            [f"house {row.house_id} order {row.order_id} {row.why}" for row in found if row.kind == kind],
        )
        for kind, (invariant, name) in _CHECKS.items()
    ]
