"""What reporting can prove of itself, as SQL over the served generation. Reads all houses; for operators only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from balcon.audit.v1.audit_service_pb2 import Fact, LedgerInRecord, TotalsInRecord
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.audit import CheckResult
from services.contracts.sql_checks import SqlCheck, bound, checked
from services.contracts.wire_types import wire_money
from services.reporting.adapters.postgres_totals_reader import PAGE, pages_of_all
from services.reporting.adapters.sales_audit import LEFT, SALES_CHECKS
from services.reporting.adapters.settlement_audit import SETTLEMENT_CHECKS
from services.reporting.domain.totals import Totals
from services.reporting.ports.generations import TOTALS_MODEL, group_of
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import AllHouses

# Each answers rows of one text column, at most MAX_VIOLATIONS; `examined` counts what was looked at.
_GAPS = """
    SELECT i.source || ' ' || s.topic || ' ' || s.key || ': ' || count(i.sequence) || ' events of '
           || min(i.sequence) || ' to ' || s.last_sequence || ' are in the inbox'
    FROM inbox_sequence s JOIN inbox i USING (consumer, source, topic, key)
    WHERE s.consumer = ANY(:consumers) AND (:performance_id = '' OR s.key = :performance_id)
    GROUP BY s.consumer, i.source, s.topic, s.key, s.last_sequence
    HAVING count(DISTINCT i.sequence) <> s.last_sequence - min(i.sequence) + 1 OR max(i.sequence) <> s.last_sequence
    ORDER BY 1 LIMIT :limit"""
_PARKED = """
    SELECT source || ' ' || topic || ' ' || key || ': parked after ' || last_sequence || ' by ' || parked_error
    FROM inbox_sequence WHERE parked AND consumer = ANY(:consumers) AND (:performance_id = '' OR key = :performance_id)
    ORDER BY 1 LIMIT :limit"""
_KEYS = (
    "SELECT count(*) FROM inbox_sequence "
    "WHERE consumer = ANY(:consumers) AND (:performance_id = '' OR key = :performance_id)"
)

_LINES = """
    WITH told AS (
        SELECT house_id, performance_id, category, channel, tickets, revenue_minor FROM sales_lines
        WHERE generation = :generation AND (:performance_id = '' OR performance_id = :performance_id)
    ), recomputed AS (
        SELECT house_id, performance_id, category, channel,
               sum(tickets - (
                   SELECT count(*) FROM jsonb_array_elements(orders.cancelled) AS one
                   WHERE one ->> 1 = order_lines.category
               )) AS tickets, sum(revenue_minor - order_lines.refunded_minor) AS revenue_minor
        FROM orders JOIN order_lines USING (generation, house_id, performance_id, order_id)
        WHERE generation = :generation AND confirmed AND NOT refunded
          AND (:performance_id = '' OR performance_id = :performance_id)
        GROUP BY house_id, performance_id, category, channel
    )
    SELECT house_id || ' ' || performance_id || ' ' || category || ' ' || channel || ': told '
           || coalesce(told.tickets, 0) || ' for ' || coalesce(told.revenue_minor, 0) || ', its orders say '
           || coalesce(recomputed.tickets, 0) || ' for ' || coalesce(recomputed.revenue_minor, 0)
    FROM told FULL JOIN recomputed USING (house_id, performance_id, category, channel)
    WHERE (coalesce(told.tickets, 0), coalesce(told.revenue_minor, 0))
          IS DISTINCT FROM (coalesce(recomputed.tickets, 0), coalesce(recomputed.revenue_minor, 0))
    ORDER BY 1 LIMIT :limit"""
_ORDERS = """
    SELECT p.house_id || ' ' || p.performance_id || ': told ' || p.orders_confirmed || ' confirmed and '
           || p.orders_refunded || ' refunded orders, there are ' || o.confirmed || ' and ' || o.refunded
    FROM performances p CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE confirmed) AS confirmed, count(*) FILTER (WHERE refunded) AS refunded
        FROM orders WHERE (generation, house_id, performance_id) = (p.generation, p.house_id, p.performance_id)
    ) o
    WHERE p.generation = :generation AND (:performance_id = '' OR p.performance_id = :performance_id)
      AND (p.orders_confirmed, p.orders_refunded) <> (o.confirmed, o.refunded)
    ORDER BY 1 LIMIT :limit"""
_CARD_DECK = """
    SELECT house_id || ' ' || performance_id || ': free ' || counted_free || ' + held ' || counted_held || ' + claimed '
           || counted_claimed || ' + sold ' || counted_sold || ' + blocked ' || counted_blocked || ' + reserved '
           || coalesce(counted_reserved, 0) || ' + handed out '
           || coalesce(counted_allotted, 0) + coalesce(counted_reported_sold, 0) || ' is not ' || counted_capacity
    FROM performances
    WHERE generation = :generation AND (:performance_id = '' OR performance_id = :performance_id)
      AND counted_free + counted_held + counted_claimed + counted_sold + counted_blocked + coalesce(counted_reserved, 0)
        + coalesce(counted_allotted, 0) + coalesce(counted_reported_sold, 0) <> counted_capacity
    ORDER BY 1 LIMIT :limit"""
_PERFORMANCES = """
    SELECT count(*) FROM performances
    WHERE generation = :generation AND (:performance_id = '' OR performance_id = :performance_id)"""

# Invariant, what was compared, how much there is, which rows break it.
_CHECKS = (
    SqlCheck("INV-7", "reporting: every key's events applied without a gap", _KEYS, _GAPS),
    SqlCheck("INV-7", "reporting: no key is parked", _KEYS, _PARKED),
    SqlCheck("INV-7", "reporting: totals equal a recompute from the orders they stand on", _PERFORMANCES, _LINES),
    SqlCheck("INV-7", "reporting: order counts equal a recompute from the orders", _PERFORMANCES, _ORDERS),
    SqlCheck("INV-5", "reporting: the latest counts add up to the capacity", _PERFORMANCES, _CARD_DECK),
    *SALES_CHECKS,
    *SETTLEMENT_CHECKS,
)
_SERVING = text(
    """SELECT 'totals' AS model, generation FROM generations WHERE serving
       UNION ALL SELECT model, generation FROM read_model_generations WHERE serving"""
)

_ALL = AllHouses("the audit examines the whole read model")


class PostgresReadModelAudit:
    """See RecordAudit."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._moments = for_snapshots(engine)

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        """See RecordAudit.checks; all over one snapshot."""
        async with connected(self._moments, _ALL) as connection:
            known = await _known(connection, performance_id)
            return await checked(connection, _CHECKS, known)

    async def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """Everything reporting tells people, and what its ledger comes to."""
        async for page in pages_of_all(self._moments, performance_id):
            yield [_fact(totals) for totals in page]
        after = ("", "")
        while True:
            async with connected(self._moments, _ALL) as connection:
                known = await _known(connection, performance_id)
                place = {"after_performance": after[0], "after_house": after[1], "page": PAGE}
                rows = (await connection.execute(bound(LEFT, {**known, **place}))).all()
            if not rows:
                return
            yield [_ledger(row) for row in rows]
            after = (rows[-1].performance_id, rows[-1].house_id)


def _fact(totals: Totals) -> Fact:
    revenue = wire_money(totals.revenue_minor, totals.currency)
    place = {"performance_id": totals.performance_id, "house_id": totals.house_id}
    return Fact(totals=TotalsInRecord(**place, sold=totals.sold, revenue=revenue))


def _ledger(row: Row[Any]) -> Fact:
    revenue = wire_money(int(row.revenue_minor), row.currency)
    place = {"performance_id": row.performance_id, "house_id": row.house_id}
    return Fact(ledger=LedgerInRecord(**place, sold=int(row.sold), revenue=revenue))


async def _known(connection: AsyncConnection, performance_id: str) -> Mapping[str, Any]:
    """What the checks ask with: the served generation of each model, `generation` for the totals."""
    serving = {row.model: int(row.generation) for row in await connection.execute(_SERVING)}
    return {
        **serving,
        "generation": serving[TOTALS_MODEL],
        "consumers": [group_of(generation, model) for model, generation in serving.items()],
        "performance_id": performance_id,
    }
