"""The OrderWork in Postgres."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.acts import Act, act_event
from services.contracts.pages import Place
from services.contracts.prices import ComponentKind
from services.orders.adapters import order_statements as sql
from services.orders.adapters.order_rows import order_of
from services.orders.adapters.tables import order_parts, orders, performance_refunds, refunds
from services.orders.domain.commands import RefundTerms
from services.orders.domain.performance_refund import JobCounts, JobState, PerformanceRefund
from services.orders.domain.refunds import RefundRoute
from services.orders.domain.stuck import STUCK_FAILURES, StuckOrder
from services.orders.ports import Lease, OrderRef
from services.runtime.clock import Clock
from services.runtime.errors import IdempotencyKeyReused
from services.runtime.ids import Ids
from services.runtime.outbox.writer import enqueue
from services.runtime.principal import PrincipalKind, PrincipalRef
from services.runtime.sql.connections import after_commit, connected, for_single_statements
from services.runtime.sql.scopes import AllHouses, HouseScope

_DUE = AllHouses("jobs over performances are worked on for each house")
_WATCHED = AllHouses("operators see the stuck orders of every house")
_OF = "performance"
_STARTED, _PAUSED, _RESUMED = "performance.refund_started", "performance.refund_paused", "performance.refund_resumed"
_IN_FLIGHT = ("CLAIMING", "PAYING", "PAID")
_jobs = performance_refunds
_VALID = order_parts.c.line_states.is_(None) | order_parts.c.line_states.has_key("VALID")


class PostgresOrderWork:
    """See OrderWork. `committed` is called after each transaction that enqueued events."""

    def __init__(self, engine: AsyncEngine, clock: Clock, ids: Ids, committed: Callable[[], None]) -> None:
        self._engine = engine
        # Single statements need no BEGIN and COMMIT of their own.
        self._single = for_single_statements(engine)
        self._clock = clock
        self._ids = ids
        self._committed = committed

    async def start(
        self, job: PerformanceRefund, key: str, request_hash: str
    ) -> PerformanceRefund | IdempotencyKeyReused:
        by_key = sa.select(_jobs).where(_jobs.c.house_id == job.house_id, _jobs.c.idempotency_key == key)
        values = _values(job) | {"idempotency_key": key, "request_hash": request_hash, "next_at_ms": 0}
        by_this = [_jobs.c.house_id, _jobs.c.idempotency_key]
        # Who has the key at this moment is waited for.
        new = insert(_jobs).values(values).on_conflict_do_nothing(index_elements=by_this).returning(_jobs.c.job_id)
        async with connected(self._engine, HouseScope(job.house_id)) as connection:
            if (await connection.execute(new)).first() is None:
                known = (await connection.execute(by_key)).one()
                same = known.request_hash == request_hash
                return _job(known) if same else IdempotencyKeyReused("idempotency_key", key)
            await self._tell(connection, job.house_id, Act(_STARTED, _OF, job.performance_id, reason=job.reason))
        return job

    async def _tell(self, connection: AsyncConnection, house_id: str, act: Act) -> None:
        """The house's act log, in the same transaction."""
        now_ms = self._clock.now_ms()
        event = act_event(house_id, act, now_ms=now_ms, ids=self._ids)
        await enqueue(connection, [event], now_ms=now_ms, ids=self._ids)
        after_commit(connection, self._committed)

    async def get(self, house_id: str, job_id: str) -> PerformanceRefund | None:
        query = sa.select(_jobs).where(_jobs.c.house_id == house_id, _jobs.c.job_id == job_id)
        async with connected(self._single, HouseScope(house_id)) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _job(row)

    async def list_jobs(self, house_id: str, performance_id: str, limit: int) -> Sequence[PerformanceRefund]:
        query = sa.select(_jobs).where(_jobs.c.house_id == house_id)
        if performance_id:
            query = query.where(_jobs.c.performance_id == performance_id)
        query = query.order_by(_jobs.c.started_at_ms.desc(), _jobs.c.job_id.desc()).limit(limit)
        async with connected(self._single, HouseScope(house_id)) as connection:
            return [_job(row) for row in await connection.execute(query)]

    async def turn(self, house_id: str, job_id: str, state: JobState) -> PerformanceRefund | None:
        this = (_jobs.c.house_id == house_id) & (_jobs.c.job_id == job_id)
        open_still = this & (_jobs.c.state.not_in((JobState.DONE.value, state.value)))
        name = _PAUSED if state is JobState.PAUSED else _RESUMED
        async with connected(self._engine, HouseScope(house_id)) as connection:
            turned = sa.update(_jobs).where(open_still).values(state=state.value, next_at_ms=0)
            moved = (await connection.execute(turned)).rowcount
            row = (await connection.execute(sa.select(_jobs).where(this))).first()
            if moved and row is not None:
                await self._tell(connection, house_id, Act(name, _OF, row.performance_id))
        return None if row is None else _job(row)

    async def lease_due(self, lease: Lease, limit: int) -> Sequence[PerformanceRefund]:
        due = (
            sa.select(_jobs.c.job_id)
            .where(
                # Written out, as in the index of those that run: a parameter would hide that it fits.
                _jobs.c.state == sa.literal_column(f"'{JobState.RUNNING.value}'"),
                _jobs.c.next_at_ms <= lease.taken_ms,
                _jobs.c.lease_until_ms <= lease.taken_ms,
            )
            .order_by(_jobs.c.next_at_ms)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        taken = (
            sa.update(_jobs)
            .where(_jobs.c.job_id.in_(sa.select(due.c.job_id)))
            .values(lease_token=lease.token, lease_until_ms=lease.until_ms)
            .returning(_jobs)
        )
        async with connected(self._single, _DUE) as connection:
            return [_job(row) for row in await connection.execute(taken)]

    async def save(self, job: PerformanceRefund, lease: Lease, next_at_ms: int) -> None:
        mine = (
            (_jobs.c.house_id == job.house_id) & (_jobs.c.job_id == job.job_id) & (_jobs.c.lease_token == lease.token)
        )
        values = {name: value for name, value in _values(job).items() if name in _MOVING}
        # Somebody may have paused it meanwhile; only the end is this one's to say.
        if job.state is JobState.DONE:
            values["state"] = job.state.value
        saved = sa.update(_jobs).where(mine).values(**values, lease_token="", lease_until_ms=0, next_at_ms=next_at_ms)
        async with connected(self._single, HouseScope(job.house_id)) as connection:
            await connection.execute(saved)

    async def counts(self, jobs: Sequence[PerformanceRefund]) -> Sequence[JobCounts]:
        if not jobs:
            return []
        (house_id,) = {job.house_id for job in jobs}
        performances, ids = {job.performance_id for job in jobs}, {job.job_id for job in jobs}
        waiting = (
            sa.select(
                order_parts.c.performance_id,
                sa.func.count().filter((orders.c.state == "CONFIRMED") & _VALID).label("left"),
                sa.func.count().filter(orders.c.state.in_(_IN_FLIGHT)).label("in_flight"),
            )
            .select_from(order_parts.join(orders, orders.c.order_id == order_parts.c.order_id))
            .where(order_parts.c.house_id == house_id, order_parts.c.performance_id.in_(performances))
            .group_by(order_parts.c.performance_id)
        )
        money = (
            sa.select(
                refunds.c.act_id,
                refunds.c.state,
                orders.c.currency,
                sa.func.count().label("refunds"),
                sa.func.count().filter(orders.c.step_failures >= STUCK_FAILURES).label("stuck"),
                sa.func.sum(refunds.c.amount_minor).label("amount"),
                sa.func.sum(sa.func.jsonb_array_length(refunds.c.lines)).label("tickets"),
            )
            .select_from(refunds.join(orders, orders.c.order_id == refunds.c.order_id))
            .where(
                refunds.c.house_id == house_id,
                refunds.c.act_id.in_(ids),
                refunds.c.act_id != sa.text("''"),
            )
            .group_by(refunds.c.act_id, refunds.c.state, orders.c.currency)
            .order_by(orders.c.currency)
        )
        async with connected(self._single, HouseScope(house_id)) as connection:
            # What is done first: an order that goes over meanwhile is in neither, and in no case in both.
            rows = (await connection.execute(money)).all()
            seen = {row.performance_id: row for row in await connection.execute(waiting)}
        return [
            _counts(seen.get(job.performance_id), [row for row in rows if row.act_id == job.job_id]) for job in jobs
        ]

    async def stuck(self, house_id: str, performance_id: str, limit: int) -> Sequence[StuckOrder]:
        # PAYING waits for the buyer, and ends by its own clock.
        query = sql.ORDER.where(
            orders.c.step_failures >= STUCK_FAILURES,
            orders.c.next_step_at_ms.is_not(None),
            orders.c.state.not_in(("OPEN", "PAYING")),
        )
        if house_id:
            query = query.where(orders.c.house_id == house_id)
        if performance_id:
            of_it = sa.select(order_parts.c.order_id).where(order_parts.c.performance_id == performance_id)
            query = query.where(orders.c.order_id.in_(of_it))
        query = query.order_by(orders.c.state_since_ms).limit(limit)
        async with connected(self._single, HouseScope(house_id) if house_id else _WATCHED) as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [StuckOrder(order_of(row), row["step_failures"], row["next_step_at_ms"]) for row in rows]

    async def hurry(self, ref: OrderRef) -> None:
        this = (orders.c.house_id == ref.house_id) & (orders.c.order_id == ref.order_id)
        now = sa.update(orders).where(this, orders.c.next_step_at_ms.is_not(None)).values(next_step_at_ms=0)
        async with connected(self._single, HouseScope(ref.house_id)) as connection:
            await connection.execute(now)


_MOVING = (
    "after_ms", "after_id", "pass_acted", "is_swept", "orders_acted", "tickets_cancelled", "ended_at_ms",
)  # fmt: skip


def _values(job: PerformanceRefund) -> dict[str, Any]:
    who, terms = job.started_by, job.terms
    return {
        "job_id": job.job_id,
        "house_id": job.house_id,
        "performance_id": job.performance_id,
        "keep": sorted(kind.value for kind in terms.keep),
        "fee_minor": terms.fee_minor,
        "route": terms.route.value,
        "release": job.release,
        "reason": job.reason,
        "started_by_kind": who.kind.value if who else "",
        "started_by": who.subject if who else "",
        "started_at_ms": job.started_at_ms,
        "state": job.state.value,
        "after_ms": job.after.time_ms if job.after else 0,
        "after_id": job.after.item_id if job.after else "",
        "pass_acted": job.pass_acted,
        "is_swept": job.is_swept,
        "orders_acted": job.orders_acted,
        "tickets_cancelled": job.tickets_cancelled,
        "ended_at_ms": job.ended_at_ms,
        "lease_token": "",
        "lease_until_ms": 0,
    }


def _counts(seen: sa.Row[Any] | None, money: Sequence[sa.Row[Any]]) -> JobCounts:
    done = [row for row in money if row.state == "DONE"]
    due = [row for row in money if row.state == "DUE"]
    return JobCounts(
        seen.left if seen else 0,
        seen.in_flight if seen else 0,
        sum(row.refunds for row in done),
        sum(row.refunds for row in due),
        sum(row.stuck for row in due),
        tuple((row.currency, int(row.amount)) for row in done),
        sum(row.refunds for row in money),
        sum(int(row.tickets) for row in money),
    )


def _job(row: sa.Row[Any]) -> PerformanceRefund:
    keep = frozenset(ComponentKind(kind) for kind in row.keep)
    return PerformanceRefund(
        row.job_id,
        row.house_id,
        row.performance_id,
        RefundTerms(None, keep, row.fee_minor, RefundRoute(row.route)),
        row.release,
        row.reason,
        PrincipalRef(PrincipalKind(row.started_by_kind), row.started_by) if row.started_by else None,
        row.started_at_ms,
        JobState(row.state),
        Place(row.after_ms, row.after_id) if row.after_id else None,
        row.pass_acted,
        row.is_swept,
        row.orders_acted,
        row.tickets_cancelled,
        row.ended_at_ms,
    )
