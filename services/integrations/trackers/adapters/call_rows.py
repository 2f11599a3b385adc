"""What trackers were told, in PostgreSQL, inside one transaction's connection: each call counts once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.integrations.trackers.adapters.visit_tables import tracker_calls
from services.integrations.trackers.domain.called import Activity, CallRecord
from services.integrations.trackers.domain.reached import Call
from services.integrations.trackers.domain.steps import Step
from services.runtime.ids import Ids

_TIMES = ("handed_out_at_ms", "reached_at_ms", "queued_at_ms")


class CallRows:
    """See Calls."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, ids: Ids) -> None:
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms
        self._ids = ids

    async def reached(self, calls: Sequence[Call]) -> Sequence[Call]:
        """See Calls."""
        return await self._note(calls, "reached_at_ms")

    async def handed_out(self, calls: Sequence[Call]) -> None:
        """See Calls."""
        await self._note(calls, "handed_out_at_ms")

    async def queued(self, calls: Sequence[Call]) -> None:
        """See Calls."""
        await self._note(calls, "queued_at_ms")

    async def _note(self, calls: Sequence[Call], what: str) -> Sequence[Call]:
        """Those that it was not known of before. In one order, so that two never wait for each other in a circle."""
        if not calls:
            return ()
        rows = [self._values(call, what) for call in sorted(calls, key=lambda one: one.tracker.tracker_id)]
        note = insert(tracker_calls).values(rows)
        note = note.on_conflict_do_update(
            index_elements=["house_id", "tracker_id", "event_id"],
            set_={what: note.excluded[what]},
            where=tracker_calls.c[what] == 0,
        )
        noted = note.returning(tracker_calls.c.tracker_id, tracker_calls.c.event_id)
        new = {tuple(row) for row in await self._connection.execute(noted)}
        return [call for call in calls if (call.tracker.tracker_id, call.event_id) in new]

    def _values(self, call: Call, what: str) -> dict[str, Any]:
        reached = call.reached
        return {
            "house_id": self._house_id,
            "tracker_id": call.tracker.tracker_id,
            "event_id": call.event_id,
            "call_id": self._ids.new_id("tcl"),
            "step": reached.step.value,
            "performance_id": reached.performance_id,
            "visit_id": reached.visit_id,
            "order_id": reached.order_id if reached.step is Step.DONE else "",
            **dict.fromkeys(_TIMES, 0),
            what: reached.at_ms if what == "reached_at_ms" else self._now_ms,
            "created_at_ms": self._now_ms,
        }

    async def page(
        self, *, tracker_id: str, performance_id: str, after: Place | None, size: int
    ) -> Sequence[tuple[CallRecord, str]]:
        """See Calls."""
        calls = tracker_calls.c
        wanted = sa.select(tracker_calls).where(calls.house_id == self._house_id)
        wanted = wanted.order_by(calls.call_id.desc()).limit(size)
        if tracker_id:
            wanted = wanted.where(calls.tracker_id == tracker_id)
        if performance_id:
            wanted = wanted.where(calls.performance_id == performance_id)
        if after is not None:
            wanted = wanted.where(calls.call_id < after.item_id)
        return [(_record(row), row.call_id) for row in await self._connection.execute(wanted)]

    async def activity(self, tracker_id: str) -> Sequence[Activity]:
        """See Calls."""
        calls = tracker_calls.c
        columns = [
            column
            for name in _TIMES
            for column in (
                sa.func.count().filter(calls[name] > 0).label(name.removesuffix("_at_ms")),
                sa.func.max(calls[name]).label(f"last_{name}"),
            )
        ]
        wanted = (
            sa.select(calls.step, *columns)
            .where(calls.house_id == self._house_id, calls.tracker_id == tracker_id)
            .group_by(calls.step)
        )
        rows = [dict(row._mapping) for row in await self._connection.execute(wanted)]
        order = list(Step)
        found = [Activity(Step(row.pop("step")), **row) for row in rows]
        return sorted(found, key=lambda one: order.index(one.step))


def _record(row: sa.Row[Any]) -> CallRecord:
    return CallRecord(
        tracker_id=row.tracker_id,
        event_id=row.event_id,
        step=Step(row.step),
        performance_id=row.performance_id,
        visit_id=row.visit_id,
        order_id=row.order_id,
        handed_out_at_ms=row.handed_out_at_ms,
        reached_at_ms=row.reached_at_ms,
        queued_at_ms=row.queued_at_ms,
        created_at_ms=row.created_at_ms,
    )
