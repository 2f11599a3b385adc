"""The inbox of providers' webhook events and the cursors of their event lists, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.payments.adapters.postgres_payment_store import PACE_SECONDS
from services.payments.adapters.tables import CURSORS, WEBHOOK_EVENTS
from services.payments.ports import LeasedWebhookEvent, WebhookEvent, WebhookEventPage
from services.runtime.clock import Clock
from services.runtime.sql.connections import connected, for_single_statements
from services.runtime.sql.faults import is_transient
from services.runtime.sql.row_arrays import inserting
from services.runtime.sql.scopes import AllHouses
from services.runtime.work.gathering import Gathering

_EVENTS = AllHouses("a provider's webhook events name a payment; its house is known once it is found")


MOST_IN_A_GROUP = 256
_INSERTED = ("provider", "event_id", "payment_ref", "received_at_ms", "attempts", "next_attempt_at_ms")
_NEW, _NEW_ROWS = inserting(WEBHOOK_EVENTS, _INSERTED)
_INSERT = (
    insert(WEBHOOK_EVENTS)
    .from_select(list(_INSERTED), _NEW)
    .on_conflict_do_nothing(index_elements=["provider", "event_id"])
    .returning(WEBHOOK_EVENTS.c.provider, WEBHOOK_EVENTS.c.event_id)
)
# Not "IS NULL": the index of those that wait would be read as a whole, and not the keys.
_SETTLE = text(
    """UPDATE provider_notices n SET settled_at_ms = CAST(:now_ms AS bigint), outcome = :outcome, house_id = NULL
       FROM unnest(CAST(:accounts AS text[]), CAST(:event_ids AS text[])) AS e (provider, event_id)
       WHERE n.provider = e.provider AND n.event_id = e.event_id AND coalesce(n.settled_at_ms, -1) < 0"""
)


class PostgresWebhookEventStore:
    """See WebhookEventStore."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock) -> None:
        self._engine = engine
        # For single statements: no round trips for BEGIN and COMMIT.
        self._single = for_single_statements(engine)
        self._clock = clock
        self._adds: Gathering[int, tuple[str, WebhookEvent], bool] = Gathering(
            "webhook_adds",
            self._add_all,
            most=MOST_IN_A_GROUP,
            pace_seconds=PACE_SECONDS,
            is_refused=lambda error: not is_transient(error),
        )

    async def add(self, account: str, event: WebhookEvent, lease_seconds: float) -> bool:
        return await self._adds.ask(int(lease_seconds * 1000), (account, event))

    async def _add_all(self, lease_ms: int, events: Sequence[tuple[str, WebhookEvent]]) -> Sequence[bool]:
        """What many were sent at the same moment is one insert. Of one that came twice the first is new."""
        async with connected(self._single, _EVENTS) as connection:
            new = await self._insert(connection, events, lease_ms)
        answers = []
        for account, event in events:
            answers.append((account, event.event_id) in new)
            new.discard((account, event.event_id))
        return answers

    async def _insert(
        self, connection: AsyncConnection, events: Sequence[tuple[str, WebhookEvent]], lease_ms: int
    ) -> set[tuple[str, str]]:
        now_ms = self._clock.now_ms()
        rows = [
            {
                "provider": account,
                "event_id": event.event_id,
                "payment_ref": event.payment_ref,
                "received_at_ms": now_ms,
                "attempts": 0,
                "next_attempt_at_ms": now_ms + lease_ms,
            }
            for account, event in events
        ]
        inserted = await connection.execute(_INSERT, _NEW_ROWS.values(rows))
        return {(row.provider, row.event_id) for row in inserted}

    async def lease(self, limit: int, lease_seconds: float) -> Sequence[LeasedWebhookEvent]:
        now_ms = self._clock.now_ms()
        waiting = (
            select(WEBHOOK_EVENTS.c.provider, WEBHOOK_EVENTS.c.event_id)
            .where(
                WEBHOOK_EVENTS.c.settled_at_ms.is_(None),
                WEBHOOK_EVENTS.c.next_attempt_at_ms <= now_ms,
            )
            .order_by(WEBHOOK_EVENTS.c.next_attempt_at_ms)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(WEBHOOK_EVENTS)
            .where(tuple_(WEBHOOK_EVENTS.c.provider, WEBHOOK_EVENTS.c.event_id).in_(waiting))
            .values(next_attempt_at_ms=now_ms + int(lease_seconds * 1000), attempts=WEBHOOK_EVENTS.c.attempts + 1)
            .returning(
                WEBHOOK_EVENTS.c.provider,
                WEBHOOK_EVENTS.c.event_id,
                WEBHOOK_EVENTS.c.payment_ref,
                WEBHOOK_EVENTS.c.attempts,
            )
        )
        async with connected(self._single, _EVENTS) as connection:
            return [
                LeasedWebhookEvent(row.provider, WebhookEvent(row.event_id, row.payment_ref), row.attempts)
                for row in await connection.execute(statement)
            ]

    async def settle(self, account: str, events: Sequence[WebhookEvent], outcome: str) -> None:
        keys = {"accounts": [account] * len(events), "event_ids": [event.event_id for event in events]}
        async with connected(self._single, _EVENTS) as connection:
            await connection.execute(_SETTLE, keys | {"now_ms": self._clock.now_ms(), "outcome": outcome})

    async def postpone(self, account: str, events: Sequence[WebhookEvent], until_ms: int) -> None:
        keys = [(account, event.event_id) for event in events]
        async with connected(self._single, _EVENTS) as connection:
            await connection.execute(
                update(WEBHOOK_EVENTS)
                .where(
                    tuple_(WEBHOOK_EVENTS.c.provider, WEBHOOK_EVENTS.c.event_id).in_(keys),
                    WEBHOOK_EVENTS.c.settled_at_ms.is_(None),
                )
                .values(next_attempt_at_ms=until_ms)
            )

    async def begin_listing(self, account: str, interval_seconds: float) -> str | None:
        """See WebhookEventStore.begin_listing. One conditional update decides which process lists."""
        now_ms = self._clock.now_ms()
        first = insert(CURSORS).values(provider=account, cursor="", next_listing_at_ms=0).on_conflict_do_nothing()
        taken = (
            update(CURSORS)
            .where(CURSORS.c.provider == account, CURSORS.c.next_listing_at_ms <= now_ms)
            # A little less than the interval: the process that listed last must not miss its own turn.
            .values(next_listing_at_ms=now_ms + int(interval_seconds * 900))
            .returning(CURSORS.c.cursor)
        )
        async with connected(self._single, _EVENTS) as connection:
            await connection.execute(first)
            cursor: str | None = (await connection.execute(taken)).scalar_one_or_none()
        return cursor

    async def end_listing(self, account: str, page: WebhookEventPage) -> int:
        async with connected(self._engine, _EVENTS) as connection:
            events = [(account, event) for event in page.events]
            new = len(await self._insert(connection, events, 0)) if events else 0
            await connection.execute(update(CURSORS).where(CURSORS.c.provider == account).values(cursor=page.cursor))
        return new

    async def purge(self, settled_before_ms: int, limit: int) -> int:
        names = (WEBHOOK_EVENTS.c.provider, WEBHOOK_EVENTS.c.event_id)
        old = (
            select(*names)
            .where(WEBHOOK_EVENTS.c.settled_at_ms < settled_before_ms)
            .order_by(WEBHOOK_EVENTS.c.settled_at_ms)
            .limit(limit)
        )
        async with connected(self._single, _EVENTS) as connection:
            done = await connection.execute(delete(WEBHOOK_EVENTS).where(tuple_(*names).in_(old)))
        return int(done.rowcount)
