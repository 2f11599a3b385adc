"""The ticketing database looked at by the auditor: reads only, over all houses, from one snapshot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from balcon.audit.v1.audit_service_pb2 import CodeInRecord, Fact
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.audit import FACTS_A_PAGE, MAX_VIOLATIONS, CheckResult
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import AllHouses

_MINE = "(:performance_id = '' OR performance_id = :performance_id)"
_VALID = f"SELECT count(*) FROM tickets WHERE voided_at_ms IS NULL AND {_MINE}"  # noqa: S608
_TWICE = f"""
    SELECT 'house ' || house_id || ' performance ' || performance_id || ' seat ' || seat_id
    FROM tickets WHERE voided_at_ms IS NULL AND {_MINE}
    GROUP BY house_id, performance_id, seat_id HAVING count(*) > 1 ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_OF_ENDED = f"""
    SELECT 'house ' || t.house_id || ' order ' || t.order_id || ' ticket ' || t.ticket_id
    FROM tickets t JOIN ended_orders e ON e.house_id = t.house_id AND e.order_id = t.order_id
    WHERE t.voided_at_ms IS NULL AND {_MINE} ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_OF_LEFT = f"""
    SELECT 'house ' || t.house_id || ' allotment ' || t.allotment_id || ' seat ' || t.seat_id
    FROM tickets t JOIN departures d
        ON d.house_id = t.house_id AND d.performance_id = t.performance_id AND d.allotment_id = t.allotment_id
            AND d.seat_id = t.seat_id
    WHERE t.voided_at_ms IS NULL AND d.version > t.as_of
      AND (:performance_id = '' OR t.performance_id = :performance_id) ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_LISTS = f"SELECT count(*) FROM revocation_counters WHERE {_MINE}"  # noqa: S608
_LISTS_NOT_DENSE = f"""
    SELECT 'house ' || c.house_id || ' performance ' || c.performance_id || ': last ' || c.last_number
           || ', there are ' || (SELECT count(*) FROM tickets t WHERE t.house_id = c.house_id
                                 AND t.performance_id = c.performance_id AND t.revocation IS NOT NULL)
    FROM revocation_counters c
    WHERE c.last_number <> (SELECT count(*) FROM tickets t WHERE t.house_id = c.house_id
                            AND t.performance_id = c.performance_id AND t.revocation IS NOT NULL)
      AND {_MINE} ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_NOTES = "SELECT coalesce(sum(last_number), 0) FROM note_numbers"
_NOTES_NOT_DENSE = f"""
    SELECT 'house ' || n.house_id || ' year ' || n.year || ': last ' || n.last_number
    FROM note_numbers n
    WHERE n.last_number <> (SELECT count(*) FROM documents d WHERE d.house_id = n.house_id
                            AND d.kind = 'DELIVERY_NOTE' AND d.number LIKE n.year || '-%')
    ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_INVOICES = "SELECT coalesce(sum(last_number), 0) FROM invoice_numbers"
_INVOICES_NOT_DENSE = f"""
    SELECT 'house ' || n.house_id || ' year ' || n.year || ': last ' || n.last_number
    FROM invoice_numbers n
    WHERE n.last_number <> (SELECT count(*) FROM invoices i WHERE i.house_id = n.house_id AND i.year = n.year)
       OR n.last_number <> (SELECT max(i.count) FROM invoices i WHERE i.house_id = n.house_id AND i.year = n.year)
    ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_CREDITED = "SELECT count(*) FROM invoices WHERE kind = 'CREDIT_NOTE'"
_CREDITED_BEYOND = f"""
    SELECT 'house ' || i.house_id || ' invoice ' || i.number || ': ' || i.total_minor
           || ', credited ' || sum(c.total_minor)
    FROM invoices i JOIN invoices c ON c.house_id = i.house_id AND c.corrects = i.invoice_id
    GROUP BY i.house_id, i.invoice_id, i.number, i.total_minor, i.replaced_by
    HAVING sum(c.total_minor) > i.total_minor OR (i.replaced_by <> '' AND sum(c.total_minor) <> i.total_minor)
    ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_CODES = f"""
    SELECT performance_id, seat_id, order_id, house_id FROM tickets
    WHERE voided_at_ms IS NULL AND order_id <> '' AND {_MINE} ORDER BY ticket_id"""  # noqa: S608
_SEQUENCES = "SELECT count(*) FROM outbox_sequence WHERE (:performance_id = '' OR key = :performance_id)"
# Old rows are purged from the front, so what is kept must be dense up to the last number given.
_NOT_DENSE = f"""
    SELECT 'topic ' || s.topic || ' key ' || s.key || ': last ' || s.last_sequence || ', kept ' || count(o.id)
           || ' from ' || coalesce(min(o.sequence), 0) || ' to ' || coalesce(max(o.sequence), 0)
    FROM outbox_sequence s LEFT JOIN outbox o ON o.topic = s.topic AND o.key = s.key AND o.sequence IS NOT NULL
    WHERE (:performance_id = '' OR s.key = :performance_id)
    GROUP BY s.topic, s.key, s.last_sequence
    HAVING count(o.id) > 0 AND (max(o.sequence) <> s.last_sequence
        OR count(DISTINCT o.sequence) <> count(o.id) OR max(o.sequence) - min(o.sequence) + 1 <> count(o.id))
    ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608

_CHECKS = (
    ("INV-1", "each seat has one ticket that lets in", _VALID, _TWICE),
    ("INV-1", "no order whose money goes back has a ticket that lets in", _VALID, _OF_ENDED),
    ("INV-5", "no seat that has left its allotment has a ticket that lets in", _VALID, _OF_LEFT),
    ("INV-1", "void tickets are numbered without gaps per performance", _LISTS, _LISTS_NOT_DENSE),
    ("R1.13", "delivery notes are numbered without gaps per house and year", _NOTES, _NOTES_NOT_DENSE),
    ("invoices", "invoices are numbered without gaps per house and year", _INVOICES, _INVOICES_NOT_DENSE),
    ("invoices", "no more is credited than was invoiced, and all of what was replaced", _CREDITED, _CREDITED_BEYOND),
    ("INV-7", "events are numbered without gaps per key", _SEQUENCES, _NOT_DENSE),
)

_ALL = AllHouses("the audit examines the whole record")


class PostgresAudit:
    """See RecordAudit."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._moments = for_snapshots(engine)

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        known = {"performance_id": performance_id}
        async with connected(self._moments, _ALL) as connection:
            return [
                CheckResult(
                    invariant,
                    name,
                    int((await _run(connection, examined, known))[0][0]),
                    [row[0] for row in await _run(connection, violations, known)],
                )
                for invariant, name, examined, violations in _CHECKS
            ]

    async def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """Every ticket of an order that lets in, from one snapshot."""
        async with connected(self._engine, _ALL) as connection:
            rows = await connection.stream(text(_CODES), {"performance_id": performance_id})
            async for page in rows.mappings().partitions(FACTS_A_PAGE):
                yield [Fact(code=CodeInRecord(**row)) for row in page]


async def _run(connection: AsyncConnection, statement: str, known: dict[str, Any]) -> Sequence[Any]:
    parameters = {name: value for name, value in known.items() if f":{name}" in statement}
    return (await connection.execute(text(statement), parameters)).all()
