"""What staff see of the outbound base, and do about it: how targets stand, what waits, the ledger; pause, replay.

All of it is of one house; whatever it does is done with an act in the same transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.clock import Clock
from services.runtime.outbound.ledger import Line
from services.runtime.outbound.port import Exchange, Settled, Target
from services.runtime.outbound.queue import MENDED
from services.runtime.outbound.upkeep import STATE
from services.runtime.sql.connections import after_commit, connected
from services.runtime.sql.scopes import HouseScope

# Written in the transaction of what was done, by whoever keeps the house's act log.
TellAct = Callable[[AsyncConnection, int], Awaitable[None]]

REPLAYED_AT_ONCE = 10_000
WAITING = "waiting"

_TARGETS = text(
    f"""SELECT t.target_id, {STATE} AS state, w.waiting, w.oldest_at_ms, t.resting_since_ms, t.rests_until_ms,
               t.locked_at_ms, coalesce(t.locked_why, '') AS locked_why, t.paused_at_ms,
               coalesce(t.paused_by, '') AS paused_by, t.succeeded_at_ms, t.failed_at_ms,
               coalesce(t.failure, '') AS failure
        FROM outbound_target t
        CROSS JOIN LATERAL (SELECT count(*) AS waiting, min(d.wanted_at_ms) AS oldest_at_ms FROM outbound_dispatch d
                            WHERE d.house_id = t.house_id AND d.target_id = t.target_id AND d.settled IS NULL) w
        WHERE t.house_id = :house_id AND t.target_id > :after AND (:target_id = '' OR t.target_id = :target_id)
        ORDER BY t.target_id LIMIT :limit"""  # noqa: S608
)
_DISPATCHES = text(
    """SELECT dispatch_id, target_id, kind, about, made_at_ms, due_at_ms, tries, coalesce(settled, 'waiting') AS state,
              settled_at_ms, note, exchange_id, body IS NOT NULL AS has_body
       FROM outbound_dispatch
       WHERE house_id = :house_id AND (:target_id = '' OR target_id = :target_id)
         AND (:state = '' OR coalesce(settled, 'waiting') = :state)
         AND (:after_id = '' OR (made_at_ms, dispatch_id) < (CAST(:after_ms AS bigint), CAST(:after_id AS text)))
       ORDER BY made_at_ms DESC, dispatch_id DESC LIMIT :limit"""
)
_EXCHANGES = text(
    """SELECT exchange_id, target_id, asked, kind, at_ms, took_ms, status, answer, payload_hash, dispatches, outcome,
              about
       FROM outbound_exchange
       WHERE house_id = :house_id AND (:target_id = '' OR target_id = :target_id)
         AND (:outcome = '' OR outcome = :outcome)
         AND at_ms >= :from_ms AND (:until_ms = 0 OR at_ms < :until_ms)
         AND (:after_id = '' OR (at_ms, exchange_id) < (CAST(:after_ms AS bigint), CAST(:after_id AS text)))
       ORDER BY at_ms DESC, exchange_id DESC LIMIT :limit"""
)
_PAUSE = text(
    """UPDATE outbound_target SET paused_by = coalesce(paused_by, :who), paused_at_ms = coalesce(paused_at_ms, :now_ms)
       WHERE house_id = :house_id AND target_id = :target_id"""
)
_RESUME = text(
    f"""UPDATE outbound_target SET paused_by = NULL, paused_at_ms = NULL, {MENDED}
        WHERE house_id = :house_id AND target_id = :target_id"""  # noqa: S608
)
# What is sent again has no end of its own any more: somebody wants it now.
_REPLAY = text(
    """WITH asked AS (
           SELECT dispatch_id, place FROM outbound_dispatch
           WHERE house_id = :house_id AND target_id = :target_id AND settled IS NOT NULL AND body IS NOT NULL
             AND (CAST(:ids AS text[]) IS NULL OR dispatch_id = ANY(CAST(:ids AS text[])))
             AND settled = ANY(CAST(:states AS text[]))
             AND settled_at_ms >= :from_ms AND (:until_ms = 0 OR settled_at_ms < :until_ms)
           ORDER BY place LIMIT :limit FOR UPDATE),
       placed AS (SELECT dispatch_id, nextval(pg_get_serial_sequence('outbound_dispatch', 'place')) AS place
                  FROM (SELECT dispatch_id FROM asked ORDER BY place) o)
       UPDATE outbound_dispatch d
       SET settled = NULL, settled_at_ms = NULL, tries = 0, due_at_ms = 0, wanted_at_ms = :now_ms, expires_at_ms = 0,
           version = d.version + 1, note = '', alone = false, place = p.place
       FROM placed p WHERE d.dispatch_id = p.dispatch_id"""
)


@dataclass(frozen=True, slots=True)
class TargetStands:
    """How one target stands; times are None where there was none yet."""

    target_id: str
    state: str
    waiting: int
    oldest_at_ms: int | None
    resting_since_ms: int | None
    rests_until_ms: int
    locked_at_ms: int | None
    locked_why: str
    paused_at_ms: int | None
    paused_by: str
    succeeded_at_ms: int | None
    failed_at_ms: int | None
    failure: str


@dataclass(frozen=True, slots=True)
class ListedDispatch:
    """A dispatch without what it says. `state`: WAITING, or how it was settled. `has_body`: it can be sent again."""

    dispatch_id: str
    target_id: str
    kind: str
    about: str
    made_at_ms: int
    due_at_ms: int
    tries: int
    state: str
    settled_at_ms: int | None
    note: str
    exchange_id: str | None
    has_body: bool


@dataclass(frozen=True, slots=True)
class After:
    """The last item of the page before; at 0 and '' the list begins."""

    at_ms: int = 0
    item_id: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """What is to be sent again: those named, or all that ended so within a time; of one target."""

    target: Target
    dispatch_ids: Sequence[str] = ()
    states: Sequence[Settled] = (Settled.REFUSED,)
    from_ms: int = 0
    until_ms: int = 0


class Desk:
    """Over one integration's database. `wake`: the sender's, where this process has one."""

    def __init__(self, engine: AsyncEngine, clock: Clock, wake: Callable[[], None] = lambda: None) -> None:
        self._engine = engine
        self._clock = clock
        self._wake = wake

    async def targets(self, house_id: str, *, target_id: str, after: str, limit: int) -> list[TargetStands]:
        """In order of id; one of them where it is named."""
        async with connected(self._engine, HouseScope(house_id)) as connection:
            return await self._stands(connection, house_id, target_id, after, limit)

    async def dispatches(
        self, house_id: str, *, target_id: str, state: str, after: After, limit: int
    ) -> list[ListedDispatch]:
        """The newest first."""
        values = {"house_id": house_id, "target_id": target_id, "state": state, "limit": limit}
        async with connected(self._engine, HouseScope(house_id)) as connection:
            rows = await connection.execute(_DISPATCHES, values | {"after_ms": after.at_ms, "after_id": after.item_id})
            return [ListedDispatch(**row) for row in rows.mappings()]

    async def exchanges(
        self, house_id: str, *, target_id: str, outcome: str, from_ms: int, until_ms: int, after: After, limit: int
    ) -> list[Line]:
        """The newest first."""
        values = {"house_id": house_id, "target_id": target_id, "outcome": outcome, "limit": limit}
        times = {"from_ms": from_ms, "until_ms": until_ms, "after_ms": after.at_ms, "after_id": after.item_id}
        async with connected(self._engine, HouseScope(house_id)) as connection:
            rows = await connection.execute(_EXCHANGES, values | times)
            return [_line(house_id, row) for row in rows]

    async def pause(self, target: Target, who: str, tell: TellAct) -> TargetStands | None:
        """Nothing more goes to it; again: the first pause stays. None: there is no such target."""
        return await self._change(target, _PAUSE, {"who": who, "now_ms": self._clock.now_ms()}, tell)

    async def resume(self, target: Target, tell: TellAct) -> TargetStands | None:
        """It is paused, locked and resting no more, and tried at once. None: there is no such target."""
        return await self._change(target, _RESUME, {}, tell)

    async def replay(self, again: Again, tell: TellAct) -> int | None:
        """How many wait anew, at most REPLAYED_AT_ONCE; those without a body are left. None: no such target."""
        states = list(Settled) if again.dispatch_ids else again.states
        values = asdict(again.target) | {
            "ids": list(again.dispatch_ids) or None,
            "states": [state.value for state in states],
            "from_ms": again.from_ms,
            "until_ms": again.until_ms,
            "now_ms": self._clock.now_ms(),
            "limit": REPLAYED_AT_ONCE,
        }
        async with connected(self._engine, HouseScope(again.target.house_id)) as connection:
            if not await self._stands(connection, again.target.house_id, again.target.target_id, "", 1):
                return None
            count = int((await connection.execute(_REPLAY, values)).rowcount)
            await tell(connection, count)
            after_commit(connection, self._wake)
        return count

    async def _change(
        self, target: Target, statement: Any, values: dict[str, Any], tell: TellAct
    ) -> TargetStands | None:
        async with connected(self._engine, HouseScope(target.house_id)) as connection:
            if not (await connection.execute(statement, asdict(target) | values)).rowcount:
                return None
            await tell(connection, 1)
            after_commit(connection, self._wake)
            return (await self._stands(connection, target.house_id, target.target_id, "", 1))[0]

    async def _stands(
        self, connection: AsyncConnection, house_id: str, target_id: str, after: str, limit: int
    ) -> list[TargetStands]:
        values = {
            "house_id": house_id,
            "target_id": target_id,
            "after": after,
            "limit": limit,
            "now_ms": self._clock.now_ms(),
        }
        return [TargetStands(**row) for row in (await connection.execute(_TARGETS, values)).mappings()]


def _line(house_id: str, row: Any) -> Line:
    exchange = Exchange(
        target=Target(house_id, row.target_id),
        asked=row.asked,
        kind=row.kind,
        at_ms=row.at_ms,
        took_ms=row.took_ms,
        status=row.status,
        answer=row.answer,
        payload_hash=row.payload_hash,
        dispatches=row.dispatches,
        outcome=row.outcome,
    )
    return Line(row.exchange_id, exchange, row.about)
