"""The payments database looked at by the auditor: reads only, over all houses, from one snapshot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from balcon.audit.v1.audit_service_pb2 import Fact, PaymentInRecord
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.audit import FACTS_A_PAGE, MAX_VIOLATIONS, CheckResult
from services.contracts.wire_types import wire_money
from services.payments.adapters.overdue_refunds import OVERDUE, RefundPatience
from services.runtime.clock import Clock
from services.runtime.sql.connections import connected, for_snapshots
from services.runtime.sql.scopes import AllHouses

# A webhook event this young may be on its way.
WEBHOOK_EVENT_PATIENCE_MS = 30_000

_MINE = "(:performance_id = '' OR performance_id = :performance_id)"

# What vouchers pay of a payment.
_OF_VOUCHERS = "(SELECT coalesce(sum((c ->> 'amount_minor')::bigint), 0) FROM jsonb_array_elements(charges) c)"
_CAPTURED = f"SELECT count(*) FROM payments WHERE state = 'SUCCEEDED' AND {_MINE}"  # noqa: S608
_CAPTURED_TWICE = f"""
    SELECT 'house ' || house_id || ' order ' || order_id || ': ' || string_agg(payment_id, ', ' ORDER BY payment_id)
    FROM payments WHERE state = 'SUCCEEDED' AND refund_state IN ('NONE', 'STUCK') AND {_MINE}
    GROUP BY house_id, order_id HAVING count(*) > 1 ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_DUE = f"SELECT count(*) FROM payments WHERE refund_state <> 'NONE' AND {_MINE}"  # noqa: S608
_DUE_LONG = f"""
    SELECT 'house ' || house_id || ' payment ' || payment_id || ' due since ' || refund_due_at_ms
    FROM payments
    WHERE refunds = '[]' AND refund_state IN ('DUE', 'STUCK') AND refund_due_at_ms < :due_before_ms AND {_MINE}
    UNION
    SELECT 'house ' || house_id || ' payment ' || payment_id || ' due since ' || owed.due_at_ms
    FROM {OVERDUE} AND {_MINE}
    ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_AUTHORISED_LONG = f"""
    SELECT 'house ' || house_id || ' payment ' || payment_id || ' is ' || state || ', authorised since '
           || authorised_at_ms
    FROM payments WHERE authorised_at_ms < :due_before_ms AND {_MINE}
    ORDER BY authorised_at_ms LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_STUCK = f"""
    SELECT 'house ' || house_id || ' payment ' || payment_id || ' was refused ' || refund_refusals || ' times'
    FROM payments WHERE refund_state = 'STUCK' AND {_MINE}
    ORDER BY refund_due_at_ms LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_UNPROVEN = f"""
    SELECT 'house ' || house_id || ' payment ' || payment_id || ' is ' || state
    FROM payments WHERE {_MINE} AND (
        (state IN ('PENDING', 'AUTHORISED', 'SUCCEEDED') AND provider_ref IS NULL AND amount_minor > {_OF_VOUCHERS})
        OR (state IN ('CREATING', 'PENDING', 'AUTHORISED') AND next_attempt_at_ms IS NULL)
        OR (authorised_at_ms IS NOT NULL AND next_attempt_at_ms IS NULL)
        OR (refund_state IN ('DUE', 'STUCK') AND next_attempt_at_ms IS NULL))
    ORDER BY payment_id LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_UNKNOWN = "SELECT count(*) FROM unknown_payments"
_LOST = f"""
    SELECT 'house ' || u.house_id || ' account ' || u.account_id || ' has ' || u.payment_ref || ' of our payment '
           || u.named_payment_id
    FROM unknown_payments u JOIN provider_accounts a ON a.account_id = u.account_id
    WHERE u.named_payment_id <> '' AND NOT a.is_test
    ORDER BY u.first_seen_at_ms LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_CHARGED = f"SELECT count(*) FROM payments WHERE (charges <> '[]' OR refunds <> '[]') AND {_MINE}"  # noqa: S608
_OWED_BACK = "(SELECT coalesce(sum((r ->> 'amount_minor')::bigint), 0) FROM jsonb_array_elements(refunds) r)"
_CHARGED_WRONG = f"""
    SELECT 'house ' || house_id || ' payment ' || payment_id || ' of ' || amount_minor || ': vouchers pay '
           || {_OF_VOUCHERS} || ', refunds come to ' || {_OWED_BACK}
    FROM payments WHERE (charges <> '[]' OR refunds <> '[]') AND {_MINE}
      AND (amount_minor < {_OF_VOUCHERS} OR amount_minor < {_OWED_BACK})
    ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_VOUCHERS = "SELECT count(*) FROM vouchers WHERE :performance_id = ''"
_BALANCE_WRONG = f"""
    SELECT 'house ' || v.house_id || ' voucher ' || v.voucher_id || ' has ' || v.balance_minor
           || ', its entries come to ' || coalesce(sum(e.amount_minor), 0)
    FROM vouchers v LEFT JOIN voucher_entries e ON e.voucher_id = v.voucher_id AND e.house_id = v.house_id
    WHERE :performance_id = '' GROUP BY v.house_id, v.voucher_id, v.balance_minor
    HAVING v.balance_minor <> coalesce(sum(e.amount_minor), 0) ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_RESERVED = "SELECT count(*) FROM voucher_entries WHERE kind = 'RESERVED' AND :performance_id = ''"
_RESERVED_FOR_NOTHING = f"""
    SELECT 'house ' || e.house_id || ' voucher ' || e.voucher_id || ' payment ' || e.payment_id || ' is '
           || coalesce(p.state, 'missing')
    FROM voucher_entries e LEFT JOIN payments p ON p.payment_id = e.payment_id
    WHERE e.kind = 'RESERVED' AND :performance_id = ''
      AND NOT EXISTS (SELECT 1 FROM voucher_entries o WHERE o.voucher_id = e.voucher_id
                      AND o.payment_id = e.payment_id AND o.kind IN ('TAKEN', 'RELEASED'))
      AND (p.state IS NULL OR p.state NOT IN ('CREATING', 'PENDING', 'AUTHORISED'))
    ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_OF_CARDS = f"SELECT count(*) FROM instrument_uses WHERE {_MINE}"  # noqa: S608
# As domain.instrument_limits counts. A card stays unnamed: not even its hash leaves payments.
_OF_CARDS_WRONG = f"""
    SELECT 'house ' || house_id || ' performance ' || performance_id || ': a card has ' || coalesce(u.used, 0)
           || ' tickets, its payments come to ' || coalesce(p.seats, 0)
    FROM instrument_uses u FULL JOIN (
        SELECT house_id, instrument, l ->> 'performance_id' AS performance_id, sum(greatest(0, (l ->> 'seats')::bigint
            - (SELECT coalesce(sum((s ->> 1)::bigint), 0)
               FROM jsonb_array_elements(refunds) r, jsonb_array_elements(coalesce(r -> 'seats_back', '[]')) s
               WHERE s ->> 0 = l ->> 'performance_id'))) AS seats
        FROM payments, jsonb_array_elements(limits) l
        WHERE instrument <> '' AND over_limit IS NULL AND state IN ('AUTHORISED', 'SUCCEEDED')
          AND refunded_minor < amount_minor
          AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(refunds) r WHERE r ->> 'is_whole' = 'true')
        GROUP BY 1, 2, 3) p USING (house_id, instrument, performance_id)
    WHERE {_MINE} AND coalesce(u.used, 0) <> coalesce(p.seats, 0)
    ORDER BY 1 LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
_PAYMENTS = f"SELECT count(*) FROM payments WHERE {_MINE}"  # noqa: S608
_WEBHOOK_EVENTS = "SELECT count(*) FROM provider_notices"
_WEBHOOK_EVENTS_LEFT = f"""
    SELECT 'provider ' || provider || ' event ' || event_id || ' of ' || payment_ref
    FROM provider_notices WHERE settled_at_ms IS NULL AND received_at_ms < :received_before_ms
    ORDER BY received_at_ms LIMIT {MAX_VIOLATIONS}"""  # noqa: S608
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

_FACTS = f"""
    SELECT performance_id, order_id, payment_id, house_id, state, refund_state = 'SUCCEEDED' AS refunded,
           amount_minor, currency,
           CASE WHEN refund_state = 'SUCCEEDED' THEN amount_minor ELSE refunded_minor END AS refunded_minor
    FROM payments WHERE {_MINE} ORDER BY payment_id"""  # noqa: S608

_CHECKS = (
    ("INV-3", "an order's money is captured once, unless it goes back", _CAPTURED, _CAPTURED_TWICE),
    ("INV-3", "refunds that are owed are paid in time", _DUE, _DUE_LONG),
    ("INV-3", "what is authorised is captured or let go in time", _PAYMENTS, _AUTHORISED_LONG),
    ("INV-3", "no refund waits for people", _DUE, _STUCK),
    (
        "INV-3",
        "what is not proven is asked about, and what is proven names the provider's payment",
        _PAYMENTS,
        _UNPROVEN,
    ),
    ("INV-3", "what a provider has of ours is in the record", _UNKNOWN, _LOST),
    ("INV-3", "vouchers and refunds come to no more than was paid", _CHARGED, _CHARGED_WRONG),
    ("INV-3", "what is on a voucher is what its ledger says", _VOUCHERS, _BALANCE_WRONG),
    ("INV-3", "what is reserved of vouchers is of payments under way", _RESERVED, _RESERVED_FOR_NOTHING),
    ("INV-3", "what cards have paid for is what their payments say", _OF_CARDS, _OF_CARDS_WRONG),
    ("INV-3", "the provider's webhook events are handled", _WEBHOOK_EVENTS, _WEBHOOK_EVENTS_LEFT),
    ("INV-7", "events are numbered without gaps per key", _SEQUENCES, _NOT_DENSE),
)

_ALL = AllHouses("the audit examines the whole record")


class PostgresAudit:
    """See RecordAudit."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock, patience: RefundPatience) -> None:
        self._engine = engine
        self._moments = for_snapshots(engine)
        self._clock = clock
        self._patience = patience

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        now_ms = self._clock.now_ms()
        known = {
            "performance_id": performance_id,
            **self._patience.before(now_ms),
            "received_before_ms": now_ms - WEBHOOK_EVENT_PATIENCE_MS,
        }
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
        """Every payment, from one snapshot."""
        async with connected(self._engine, _ALL) as connection:
            rows = await connection.stream(text(_FACTS), {"performance_id": performance_id})
            async for page in rows.partitions(FACTS_A_PAGE):
                yield [_fact(row) for row in page]


def _fact(row: Row[Any]) -> Fact:
    payment = PaymentInRecord(
        performance_id=row.performance_id,
        order_id=row.order_id,
        payment_id=row.payment_id,
        state=row.state,
        refunded=row.refunded,
        amount=wire_money(row.amount_minor, row.currency),
        refunded_amount=wire_money(row.refunded_minor, row.currency),
        house_id=row.house_id,
    )
    return Fact(payment=payment)


async def _run(connection: AsyncConnection, statement: str, known: dict[str, Any]) -> Sequence[Any]:
    clause = text(statement)
    parameters = {name: value for name, value in known.items() if f":{name}" in statement}
    return (await connection.execute(clause, parameters)).all()
