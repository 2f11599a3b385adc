"""Tells the house's act log, by the outbox, what people did to seats: in the transaction of the record it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.acts import Act, act_event
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import enqueue
from services.runtime.principal import PrincipalRef
from services.runtime.sql.connections import after_commit

# More seats than these are counted and not named: a block may be a whole hall.
SEATS_NAMED = 20


class OutboxActLog:
    """Only acts of the house come here, never holds or claims. `wake` is called after a commit with acts."""

    def __init__(self, clock: Clock, ids: Ids, wake: Callable[[], None]) -> None:
        self._clock = clock
        self._ids = ids
        self._wake = wake

    async def record(
        self,
        connection: AsyncConnection,
        house_id: str,
        acts: Sequence[tuple[Act, PrincipalRef | None]],
    ) -> None:
        """Adds the acts, each with who did it, to the caller's transaction."""
        now_ms = self._clock.now_ms()
        events = [act_event(house_id, act, now_ms=now_ms, ids=self._ids, who=who) for act, who in acts]
        await self.publish(connection, events)

    async def publish(self, connection: AsyncConnection, events: Sequence[OutgoingEvent]) -> None:
        """Adds what the record tells by itself, such as allotments' steps."""
        await enqueue(connection, events, now_ms=self._clock.now_ms(), ids=self._ids)
        after_commit(connection, self._wake)


def seats_act(done: str, performance_id: str, seat_ids: Sequence[str], reason: str = "", kind: str = "") -> Act:
    """What was done to some seats of a performance; `kind`: of a block."""
    named = ", ".join(seat_ids[:SEATS_NAMED])
    facts = {"count": str(len(seat_ids)), "seats": named if len(seat_ids) <= SEATS_NAMED else f"{named}, …"}
    if kind:
        facts["kind"] = kind
    return Act(done, "performance", performance_id, reason=reason, facts=facts)
