"""Payments in PostgreSQL: every change under the row's lock, with what it publishes and settles in one transaction."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, bindparam, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.payments.adapters.payment_events import event_of
from services.payments.adapters.tables import PAYMENTS, WEBHOOK_EVENTS
from services.payments.domain.next_attempt import RetryPolicy, rescheduled
from services.payments.domain.payment import DisputeState, Payment, PaymentState, RefundState, apply
from services.payments.domain.transitions import Decision
from services.payments.ports import WebhookEvent
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import enqueue
from services.runtime.sql.connections import after_commit, connected, for_single_statements
from services.runtime.sql.scopes import AllHouses, HouseScope

_DUE = AllHouses("the reconciler visits payments that are due")
_COUNTS = AllHouses("gauges count every house's payments")

_FIELDS = tuple(field.name for field in dataclasses.fields(Payment))
# What a change may change; the rest was fixed by the request.
_CHANGING = (
    "state",
    "provider_ref",
    "pay_url",
    "reason",
    "succeeded_at_ms",
    "ended_at_ms",
    "cancel_asked_at_ms",
    "refund_state",
    "refund_key",
    "refund_attempt",
    "refund_refusals",
    "refund_due_at_ms",
    "refunded_at_ms",
    "refunded_minor",
    "dispute_state",
    "disputed_minor",
    "attempts",
    "next_attempt_at_ms",
    "version",
)

# Built once: building a statement costs more than running it.
_MINE = and_(PAYMENTS.c.house_id == bindparam("of_house"), PAYMENTS.c.payment_id == bindparam("of_payment"))
_LOCK = select(PAYMENTS).where(_MINE).with_for_update()
_STORE = (
    update(PAYMENTS)
    .where(_MINE, PAYMENTS.c.version == bindparam("was_version"))
    .values({name: bindparam(name) for name in _CHANGING})
)
_STUCK = PAYMENTS.c.refund_state == RefundState.STUCK.value
_DISPUTED = PAYMENTS.c.dispute_state == DisputeState.OPEN.value
_WAITING = select(func.count().filter(_STUCK).label("stuck"), func.count().filter(_DISPUTED).label("disputed")).where(
    or_(_STUCK, _DISPUTED)
)
_RECORD = (
    insert(PAYMENTS)
    .values({name: bindparam(name) for name in _FIELDS})
    .on_conflict_do_nothing(index_elements=["house_id", "idempotency_key"])
    .returning(PAYMENTS.c.payment_id)
)


def row_of(payment: Payment) -> dict[str, Any]:
    """The payment as column values."""
    row = {name: getattr(payment, name) for name in _FIELDS}
    row["state"] = payment.state.value
    row["refund_state"] = payment.refund_state.value
    row["dispute_state"] = payment.dispute_state.value
    return row


def payment_of(row: RowMapping) -> Payment:
    """The payment in a row that has every column."""
    values = {name: row[name] for name in _FIELDS}
    values["state"] = PaymentState(values["state"])
    values["refund_state"] = RefundState(values["refund_state"])
    values["dispute_state"] = DisputeState(values["dispute_state"])
    return Payment(**values)


class PostgresPaymentStore:
    """See PaymentStore. `on_events` is called after a commit that put events into the outbox."""

    def __init__(
        self, engine: AsyncEngine, *, clock: Clock, ids: Ids, retry_policy: RetryPolicy, on_events: Callable[[], None]
    ) -> None:
        self._engine = engine
        # For single statements: no round trips for BEGIN and COMMIT.
        self._single = for_single_statements(engine)
        self._clock = clock
        self._ids = ids
        self._retry_policy = retry_policy
        self._on_events = on_events

    async def record(self, payment: Payment) -> Payment:
        async with connected(self._single, HouseScope(payment.house_id)) as connection:
            if (await connection.execute(_RECORD, row_of(payment))).first() is not None:
                return payment
        recorded = await self.find_by_key(payment.house_id, payment.idempotency_key)
        assert recorded is not None, "payments are never deleted"
        return recorded

    async def find(self, house_id: str, payment_id: str) -> Payment | None:
        return await self._first(house_id, PAYMENTS.c.payment_id == payment_id)

    async def find_by_key(self, house_id: str, idempotency_key: str) -> Payment | None:
        return await self._first(house_id, PAYMENTS.c.idempotency_key == idempotency_key)

    async def find_by_refund_key(self, house_id: str, refund_key: str) -> Payment | None:
        return await self._first(house_id, PAYMENTS.c.refund_key == refund_key)

    async def _first(self, house_id: str, condition: ColumnElement[bool]) -> Payment | None:
        statement = select(PAYMENTS).where(PAYMENTS.c.house_id == house_id, condition)
        async with connected(self._single, HouseScope(house_id)) as connection:
            row = (await connection.execute(statement)).mappings().first()
        return payment_of(row) if row is not None else None

    async def change(
        self,
        house_id: str,
        payment_id: str,
        decide: Callable[[Payment], Decision],
        *,
        visited: bool = False,
        settles: Sequence[WebhookEvent] = (),
        known: Payment | None = None,
    ) -> tuple[Payment, Decision] | None:
        if known is not None and not settles:
            stored = await self._change_known(known, decide, visited)
            if stored is not None:
                return stored
        async with connected(self._engine, HouseScope(house_id)) as connection:
            found = await connection.execute(_LOCK, {"of_house": house_id, "of_payment": payment_id})
            row = found.mappings().first()
            if row is None:
                return None
            before = payment_of(row)
            after, decision = self._decided(before, decide, visited)
            if after != before:
                await connection.execute(_STORE, _stored(after))
            events = _events(after, decision)
            if events:
                await enqueue(connection, events, now_ms=self._clock.now_ms(), ids=self._ids)
                after_commit(connection, self._on_events)
            if settles:
                await settle(connection, before.account, settles, "applied", self._clock.now_ms(), house_id)
        return after, decision

    async def _change_known(
        self, known: Payment, decide: Callable[[Payment], Decision], visited: bool
    ) -> tuple[Payment, Decision] | None:
        """One statement where nothing is published; None when somebody was faster or there is more to do."""
        after, decision = self._decided(known, decide, visited)
        if after == known or _events(after, decision):
            return None
        async with connected(self._single, HouseScope(known.house_id)) as connection:
            done = await connection.execute(_STORE, _stored(after))
        return (after, decision) if done.rowcount == 1 else None

    def _decided(
        self, before: Payment, decide: Callable[[Payment], Decision], visited: bool
    ) -> tuple[Payment, Decision]:
        decision = decide(before)
        after = before
        for change in decision.changes:
            after = apply(after, change)
        after = rescheduled(
            before, after, visited=visited, retry_policy=self._retry_policy, now_ms=self._clock.now_ms()
        )
        return (after if after == before else replace(after, version=before.version + 1)), decision

    async def lease_due(self, limit: int, lease_seconds: float) -> Sequence[Payment]:
        """See PaymentStore.lease_due. The lease is the next attempt itself, moved ahead."""
        now_ms = self._clock.now_ms()
        due = (
            select(PAYMENTS.c.payment_id)
            .where(PAYMENTS.c.next_attempt_at_ms <= now_ms)
            .order_by(PAYMENTS.c.next_attempt_at_ms)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(PAYMENTS)
            .where(PAYMENTS.c.payment_id.in_(due))
            .values(next_attempt_at_ms=now_ms + int(lease_seconds * 1000), version=PAYMENTS.c.version + 1)
            .returning(*PAYMENTS.c)
        )
        async with connected(self._single, _DUE) as connection:
            return [payment_of(row) for row in (await connection.execute(statement)).mappings()]

    async def count_uncertain(self) -> int:
        creating = PAYMENTS.c.state == PaymentState.CREATING.value
        unanswered = and_(PAYMENTS.c.cancel_asked_at_ms.is_not(None), PAYMENTS.c.state == PaymentState.PENDING.value)
        statement = select(func.count()).where(PAYMENTS.c.next_attempt_at_ms.is_not(None), or_(creating, unanswered))
        async with connected(self._single, _COUNTS) as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def count_waiting_for_people(self) -> tuple[int, int]:
        async with connected(self._single, _COUNTS) as connection:
            row = (await connection.execute(_WAITING)).one()
        return row.stuck, row.disputed


def _events(payment: Payment, decision: Decision) -> list[OutgoingEvent]:
    return [event for change in decision.changes if (event := event_of(payment, change)) is not None]


def _stored(payment: Payment) -> dict[str, Any]:
    row = row_of(payment)
    return {name: row[name] for name in _CHANGING} | {
        "of_house": payment.house_id,
        "of_payment": payment.payment_id,
        "was_version": payment.version - 1,
    }


async def settle(
    connection: AsyncConnection,
    account: str,
    events: Sequence[WebhookEvent],
    outcome: str,
    now_ms: int,
    house_id: str | None,
) -> None:
    """Marks webhook events as worked off, within the caller's transaction."""
    keys = [(account, event.event_id) for event in events]
    await connection.execute(
        update(WEBHOOK_EVENTS)
        .where(
            tuple_(WEBHOOK_EVENTS.c.provider, WEBHOOK_EVENTS.c.event_id).in_(keys),
            WEBHOOK_EVENTS.c.settled_at_ms.is_(None),
        )
        .values(settled_at_ms=now_ms, outcome=outcome, house_id=house_id)
    )
