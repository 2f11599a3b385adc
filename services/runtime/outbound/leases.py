"""What the sender's processes read and write: leases of targets, what is due, what became of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.outbound.ledger import Line, write_lines
from services.runtime.outbound.port import Dispatch, Done, Later, Locked, Outcome, Settled, Target
from services.runtime.outbound.retrying import Health
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses, HouseScope

_TARGETS = AllHouses("what is to be told outside is carried for every house")

# The first that waits of each lane, and all that are in none.
_FIRST_OF_ITS_LANE = """(d.lane = '' OR NOT EXISTS (
    SELECT 1 FROM outbound_dispatch p
    WHERE p.house_id = d.house_id AND p.target_id = d.target_id AND p.lane = d.lane AND p.lane <> ''
      AND p.settled IS NULL AND p.place < d.place))"""
_LEASE = text(
    f"""WITH due AS (
        SELECT t.house_id, t.target_id FROM outbound_target t
        WHERE t.leased_until_ms <= :now_ms AND t.rests_until_ms <= :now_ms
          AND t.locked_at_ms IS NULL AND t.paused_at_ms IS NULL
          AND EXISTS (SELECT 1 FROM outbound_dispatch d
                      WHERE d.house_id = t.house_id AND d.target_id = t.target_id AND d.settled IS NULL
                        AND d.due_at_ms <= :now_ms AND {_FIRST_OF_ITS_LANE})
        ORDER BY t.served_at_ms LIMIT :limit FOR UPDATE SKIP LOCKED)
    UPDATE outbound_target t
    SET fence = t.fence + 1, leased_until_ms = :until_ms, served_at_ms = :now_ms
    FROM due WHERE t.house_id = due.house_id AND t.target_id = due.target_id
    RETURNING t.house_id, t.target_id, t.fence, t.failures, t.resting_since_ms, t.rests_until_ms, t.mends"""  # noqa: S608
)
_KEEP = text(
    """UPDATE outbound_target SET leased_until_ms = :until_ms
       WHERE house_id = :house_id AND target_id = :target_id AND fence = :fence
       RETURNING locked_at_ms IS NULL AND paused_at_ms IS NULL AND rests_until_ms <= :now_ms AND mends = :mends"""
)
_RELEASE = text(
    """UPDATE outbound_target SET leased_until_ms = 0
       WHERE house_id = :house_id AND target_id = :target_id AND fence = :fence"""
)
_DUE = text(
    f"""SELECT d.dispatch_id, d.key, d.kind, d.about, d.lane, d.body, d.version, d.made_at_ms, d.due_at_ms,
               d.expires_at_ms, d.tries, d.alone
        FROM outbound_dispatch d
        WHERE d.house_id = :house_id AND d.target_id = :target_id AND d.settled IS NULL AND d.due_at_ms <= :now_ms
          AND d.dispatch_id <> ALL(CAST(:in_flight AS text[])) AND {_FIRST_OF_ITS_LANE}
        ORDER BY d.due_at_ms, d.place LIMIT :limit"""  # noqa: S608
)
# Health counts only from whoever still has the lease, and not where the account was mended since: an answer to the
# credentials of before must not lock out those of now.
_TARGET_TOLD = text(
    """UPDATE outbound_target SET
           leased_until_ms = :until_ms,
           failures = CASE WHEN mends = :mends THEN :failures ELSE failures END,
           resting_since_ms = CASE WHEN mends = :mends THEN :resting_since_ms ELSE resting_since_ms END,
           rests_until_ms = CASE WHEN mends = :mends THEN :rests_until_ms ELSE rests_until_ms END,
           locked_at_ms = CASE WHEN :locked_why = '' OR mends <> :mends THEN locked_at_ms
                               ELSE coalesce(locked_at_ms, :now_ms) END,
           locked_why = CASE WHEN :locked_why = '' OR mends <> :mends THEN locked_why ELSE :locked_why END,
           succeeded_at_ms = CASE WHEN :has_succeeded THEN :now_ms ELSE succeeded_at_ms END,
           failed_at_ms = CASE WHEN :failure = '' THEN failed_at_ms ELSE :now_ms END,
           failure = CASE WHEN :failure = '' THEN failure ELSE :failure END
       WHERE house_id = :house_id AND target_id = :target_id AND fence = :fence
       RETURNING 1"""
)
# What a target has taken it has, whatever came between: a lost lease, an expiry, a drop. All else counts from the
# lease's holder, of the body that was carried; where a newer one waits, that is still to be told.
_DISPATCHES_TOLD = text(
    """UPDATE outbound_dispatch d SET
           settled = CASE WHEN d.version = r.version THEN nullif(r.settled, '') ELSE d.settled END,
           settled_at_ms = CASE WHEN d.version = r.version AND r.settled <> '' THEN CAST(:now_ms AS bigint)
                                ELSE d.settled_at_ms END,
           body = CASE WHEN d.version = r.version AND r.settled = 'dropped' THEN NULL ELSE d.body END,
           due_at_ms = CASE WHEN r.settled = '' THEN r.due_at_ms ELSE d.due_at_ms END,
           tries = d.tries + r.carried, alone = d.alone OR r.alone, note = r.note,
           exchange_id = coalesce(nullif(r.exchange_id, ''), d.exchange_id)
       FROM unnest(CAST(:ids AS text[]), CAST(:versions AS bigint[]), CAST(:settled AS text[]), CAST(:notes AS text[]),
                   CAST(:due AS bigint[]), CAST(:carried AS int[]), CAST(:alone AS boolean[]),
                   CAST(:exchange_ids AS text[]))
            AS r (dispatch_id, version, settled, note, due_at_ms, carried, alone, exchange_id)
       WHERE d.dispatch_id = r.dispatch_id AND d.house_id = :house_id
         -- Said once more as a list: else the whole backlog of the house is read for each report.
         AND d.dispatch_id = ANY(CAST(:ids AS text[]))
         AND ((d.settled IS NULL AND :is_holder) OR (r.settled = 'delivered' AND d.version = r.version
              AND (d.settled IS NULL OR d.settled IN ('expired', 'dropped'))))"""
)
# Not of a target that somebody is carrying to: its answer may come yet, and the one who carries settles those too.
_EXPIRE = text(
    """UPDATE outbound_dispatch d SET settled = 'expired', settled_at_ms = :now_ms, note = :note
       FROM (SELECT w.dispatch_id FROM outbound_dispatch w
             JOIN outbound_target t ON t.house_id = w.house_id AND t.target_id = w.target_id
             WHERE w.settled IS NULL AND w.expires_at_ms > 0 AND w.expires_at_ms <= :now_ms
               AND t.leased_until_ms <= :now_ms
             LIMIT :limit FOR UPDATE OF w SKIP LOCKED) x
       WHERE d.dispatch_id = x.dispatch_id"""
)
EXPIRED_NOTE = "its time was over before it could be told"
_EXPIRED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Lease:
    """A target that is this process's alone until its time is over; `fence` proves it to the database.

    `mends`: of the target as it was leased. It ends as soon as somebody mends the account.
    """

    target: Target
    fence: int
    health: Health
    mends: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A dispatch that is due, its body still sealed. `version`: of the body. `alone`: it is not to be batched."""

    dispatch_id: str
    version: int
    alone: bool
    dispatch: Dispatch


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one dispatch. `due_at_ms`: when it is tried again. `carried`: 0 where nobody was asked."""

    waiting: Waiting
    outcome: Outcome
    due_at_ms: int = 0
    alone: bool = False
    carried: int = 1
    exchange_id: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What is written at once: of a target, its dispatches, and the ledger."""

    health: Health
    told: Sequence[Told]
    lines: Sequence[Line]
    locked_why: str = ""
    has_succeeded: bool = False
    failure: str = ""


class Leases:
    """Over one integration's database. Times are unix milliseconds of the caller's clock."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def lease(self, limit: int, *, now_ms: int, until_ms: int) -> list[Lease]:
        """Targets with something due that nobody carries to, the longest unserved first."""
        async with connected(self._engine, _TARGETS) as connection:
            rows = await connection.execute(_LEASE, {"limit": limit, "now_ms": now_ms, "until_ms": until_ms})
            return [
                Lease(
                    Target(row.house_id, row.target_id),
                    row.fence,
                    Health(row.failures, row.resting_since_ms, row.rests_until_ms),
                    row.mends,
                )
                for row in rows
            ]

    async def next(
        self, lease: Lease, limit: int, in_flight: Collection[str], *, now_ms: int, until_ms: int
    ) -> list[Waiting]:
        """What is due and may go now; keeps the lease. Empty where it is lost, or the target may not be spoken to.

        With nothing in flight and nothing found the lease ends here.
        """
        async with connected(self._engine, HouseScope(lease.target.house_id)) as connection:
            # None: lost. False: it is kept, and nothing more may go.
            found: list[Waiting] = []
            if await _keep(connection, lease, now_ms=now_ms, until_ms=until_ms):
                values = asdict(lease.target) | {"now_ms": now_ms, "limit": limit, "in_flight": list(in_flight)}
                found = [_waiting(lease.target, row) for row in await connection.execute(_DUE, values)]
            if not found and not in_flight:
                await connection.execute(_RELEASE, asdict(lease.target) | {"fence": lease.fence})
            return found

    async def keep(self, lease: Lease, *, now_ms: int, until_ms: int) -> bool:
        """Makes the lease last; False where it is lost."""
        async with connected(self._engine, HouseScope(lease.target.house_id)) as connection:
            return await _keep(connection, lease, now_ms=now_ms, until_ms=until_ms) is not None

    async def report(self, lease: Lease, report: Report, *, now_ms: int, until_ms: int) -> bool:
        """Writes all of it in one transaction, safe to repeat; False where the lease was lost meanwhile."""
        async with connected(self._engine, HouseScope(lease.target.house_id)) as connection:
            is_holder = (
                await connection.execute(
                    _TARGET_TOLD,
                    asdict(lease.target)
                    | asdict(report.health)
                    | {
                        "fence": lease.fence,
                        "mends": lease.mends,
                        "now_ms": now_ms,
                        "until_ms": until_ms,
                        "locked_why": report.locked_why,
                        "has_succeeded": report.has_succeeded,
                        "failure": report.failure,
                    },
                )
            ).scalar() is not None
            await write_lines(connection, report.lines)
            if report.told:
                values = {"house_id": lease.target.house_id, "now_ms": now_ms, "is_holder": is_holder}
                await connection.execute(_DISPATCHES_TOLD, values | _told_columns(report.told))
        return is_holder

    async def release(self, lease: Lease) -> None:
        """Others may carry to it at once."""
        async with connected(self._engine, HouseScope(lease.target.house_id)) as connection:
            await connection.execute(_RELEASE, asdict(lease.target) | {"fence": lease.fence})

    async def expire(self, now_ms: int) -> int:
        """Settles what waits past its time, of targets that are locked, paused or resting too; a bounded step."""
        values = {"now_ms": now_ms, "note": EXPIRED_NOTE, "limit": _EXPIRED_AT_ONCE}
        async with connected(self._engine, _TARGETS) as connection:
            return int((await connection.execute(_EXPIRE, values)).rowcount)


async def _keep(connection: AsyncConnection, lease: Lease, *, now_ms: int, until_ms: int) -> bool | None:
    values = asdict(lease.target) | {"fence": lease.fence, "mends": lease.mends, "now_ms": now_ms, "until_ms": until_ms}
    may_go: bool | None = (await connection.execute(_KEEP, values)).scalar()
    return may_go


def _waiting(target: Target, row: Any) -> Waiting:
    return Waiting(
        row.dispatch_id,
        row.version,
        row.alone,
        Dispatch(
            target=target,
            key=row.key,
            kind=row.kind,
            body=row.body,
            made_at_ms=row.made_at_ms,
            lane=row.lane,
            due_at_ms=row.due_at_ms,
            expires_at_ms=row.expires_at_ms,
            about=row.about,
            tries=row.tries,
        ),
    )


def _told_columns(told: Sequence[Told]) -> dict[str, Any]:
    return {
        "ids": [each.waiting.dispatch_id for each in told],
        "versions": [each.waiting.version for each in told],
        "settled": [_settled(each.outcome) for each in told],
        "notes": [each.outcome.note for each in told],
        "due": [each.due_at_ms for each in told],
        "carried": [each.carried for each in told],
        "alone": [each.alone for each in told],
        "exchange_ids": [each.exchange_id for each in told],
    }


def _settled(outcome: Outcome) -> str:
    """'' where it still waits."""
    match outcome:
        case Done(how=how):
            return Settled(how).value
        case Later() | Locked():
            return ""
