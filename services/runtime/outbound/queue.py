"""The OutboundQueue on Postgres: rows in the caller's transaction, bodies sealed, the sender woken by the commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbound.port import Dispatch, Settled, Target
from services.runtime.seal import Seal
from services.runtime.sql.connections import after_commit

_TARGETS = text(
    """INSERT INTO outbound_target (house_id, target_id)
       SELECT t.house_id, t.target_id
       FROM unnest(CAST(:houses AS text[]), CAST(:targets AS text[])) AS t (house_id, target_id)
       ON CONFLICT (house_id, target_id) DO NOTHING"""
)
_ROWS = """INSERT INTO outbound_dispatch (dispatch_id, house_id, target_id, key, kind, about, lane, body,
                                          made_at_ms, wanted_at_ms, due_at_ms, expires_at_ms)
       SELECT d.dispatch_id, d.house_id, d.target_id, d.key, d.kind, d.about, d.lane, d.body,
              d.made_at_ms, greatest(d.due_at_ms, CAST(:now_ms AS bigint)), d.due_at_ms, d.expires_at_ms
       FROM unnest(CAST(:ids AS text[]), CAST(:houses AS text[]), CAST(:targets AS text[]), CAST(:keys AS text[]),
                   CAST(:kinds AS text[]), CAST(:abouts AS text[]), CAST(:lanes AS text[]), CAST(:bodies AS bytea[]),
                   CAST(:made AS bigint[]), CAST(:due AS bigint[]), CAST(:expires AS bigint[]))
            WITH ORDINALITY AS d (dispatch_id, house_id, target_id, key, kind, about, lane, body,
                                  made_at_ms, due_at_ms, expires_at_ms, place)
       ORDER BY d.place
       ON CONFLICT (house_id, target_id, key) DO """
_PUT = text(_ROWS + "NOTHING")
# What waits keeps its place, and its time once it was tried: a newer body makes no target answer sooner.
# What is settled waits anew, at the end.
_PUT_LATEST = text(
    _ROWS
    + """UPDATE SET
       kind = excluded.kind, about = excluded.about, lane = excluded.lane, body = excluded.body,
       version = outbound_dispatch.version + 1, made_at_ms = excluded.made_at_ms,
       expires_at_ms = excluded.expires_at_ms,
       place = CASE WHEN outbound_dispatch.settled IS NULL THEN outbound_dispatch.place ELSE excluded.place END,
       wanted_at_ms = CASE WHEN outbound_dispatch.settled IS NULL
                           THEN least(outbound_dispatch.wanted_at_ms, excluded.wanted_at_ms)
                           ELSE excluded.wanted_at_ms END,
       due_at_ms = CASE WHEN outbound_dispatch.settled IS NOT NULL THEN excluded.due_at_ms
                        WHEN outbound_dispatch.tries > 0 THEN outbound_dispatch.due_at_ms
                        ELSE least(outbound_dispatch.due_at_ms, excluded.due_at_ms) END,
       tries = CASE WHEN outbound_dispatch.settled IS NULL THEN outbound_dispatch.tries ELSE 0 END,
       alone = outbound_dispatch.alone AND outbound_dispatch.settled IS NULL,
       settled = NULL, settled_at_ms = NULL"""
)
# Nobody needs any more what was to be told.
_DROP = text(
    """UPDATE outbound_dispatch SET settled = :dropped, settled_at_ms = :now_ms, note = :note, body = NULL
       WHERE house_id = :house_id AND target_id = :target_id AND settled IS NULL"""
)
# Locked and resting no more.
MENDED = """locked_at_ms = NULL, locked_why = NULL, failures = 0, resting_since_ms = NULL, rests_until_ms = 0,
            mends = mends + 1"""
_MEND = text(f"UPDATE outbound_target SET {MENDED} WHERE house_id = :house_id AND target_id = :target_id")  # noqa: S608


class PostgresQueue:
    """See OutboundQueue. `wake`: the sender's, called once what was put is committed.

    Transactions that put into one lane must take turns, where their order matters: a place is taken before the commit.
    """

    def __init__(self, seal: Seal, clock: Clock, ids: Ids, wake: Callable[[], None]) -> None:
        self._seal = seal
        self._clock = clock
        self._ids = ids
        self._wake = wake

    async def put(self, connection: AsyncConnection, dispatches: Sequence[Dispatch]) -> int:
        """See OutboundQueue. Of one key twice in one call the first counts."""
        first: dict[tuple[Target, str], Dispatch] = {}
        for dispatch in dispatches:
            first.setdefault((dispatch.target, dispatch.key), dispatch)
        return await self._add(connection, _PUT, list(first.values()))

    async def put_latest(self, connection: AsyncConnection, dispatches: Sequence[Dispatch]) -> int:
        """See OutboundQueue; all of them count. Of one key twice in one call the last counts."""
        latest = {(dispatch.target, dispatch.key): dispatch for dispatch in dispatches}
        await self._add(connection, _PUT_LATEST, list(latest.values()))
        return len(dispatches)

    async def drop(self, connection: AsyncConnection, target: Target, note: str) -> int:
        """See OutboundQueue. What is being carried this moment is told, and then counts as delivered all the same."""
        values = asdict(target) | {"dropped": Settled.DROPPED, "now_ms": self._clock.now_ms(), "note": note}
        return int((await connection.execute(_DROP, values)).rowcount)

    async def mend(self, connection: AsyncConnection, target: Target) -> None:
        """See OutboundQueue. A pause by staff stays."""
        await connection.execute(_MEND, asdict(target))
        after_commit(connection, self._wake)

    async def _add(self, connection: AsyncConnection, statement: TextClause, dispatches: list[Dispatch]) -> int:
        if not dispatches:
            return 0
        # Two transactions that put the same keys never wait for each other in circles.
        targets = sorted({(dispatch.target.house_id, dispatch.target.target_id) for dispatch in dispatches})
        await connection.execute(
            _TARGETS, {"houses": [house for house, _ in targets], "targets": [target for _, target in targets]}
        )
        result = await connection.execute(statement, self._columns(dispatches))
        if result.rowcount:
            after_commit(connection, self._wake)
        return int(result.rowcount)

    def _columns(self, dispatches: Sequence[Dispatch]) -> dict[str, Any]:
        return {
            "now_ms": self._clock.now_ms(),
            "ids": [self._ids.new_id("dsp") for _ in dispatches],
            "houses": [dispatch.target.house_id for dispatch in dispatches],
            "targets": [dispatch.target.target_id for dispatch in dispatches],
            "keys": [dispatch.key for dispatch in dispatches],
            "kinds": [dispatch.kind for dispatch in dispatches],
            "abouts": [dispatch.about for dispatch in dispatches],
            "lanes": [dispatch.lane for dispatch in dispatches],
            "bodies": [self._seal.sealed(dispatch.body) for dispatch in dispatches],
            "made": [dispatch.made_at_ms for dispatch in dispatches],
            "due": [dispatch.due_at_ms for dispatch in dispatches],
            "expires": [dispatch.expires_at_ms for dispatch in dispatches],
        }
