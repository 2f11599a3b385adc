"""Gives a whole performance back, order by order: many at once, and again from where it stood after any crash.

An order is acted on once, whoever asks twice: the job's id is in its refund, and only valid tickets are cancelled.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from services.contracts.pages import Place
from services.orders.domain.changes import LinesCancelled
from services.orders.domain.order import Order, OrderState
from services.orders.domain.performance_refund import JobState, PerformanceRefund
from services.orders.domain.steps import Timing
from services.orders.handlers.acting import act_on
from services.orders.handlers.saga_driver import SagaDriver
from services.orders.ports import Changed, Lease, OrderFilter, OrderRef, OrderStore
from services.orders.ports.order_work import OrderWork
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.telemetry.logging import get_logger
from services.runtime.work.due_work import DueWork, Leased, WorkLimits

_log = get_logger("performance_refunds")

LEASE_MS = 30_000
AGAIN_MS = 1_000
_JOBS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class RefundJobLimits:
    """`batch`: orders taken on in one go; `orders_per_second`: at most, on the average."""

    batch: int = 100
    orders_per_second: int = 250

    @classmethod
    def of(cls, orders_per_second: int) -> RefundJobLimits:
        """A slow job takes no more in one go than in a second."""
        return cls(min(cls().batch, orders_per_second), orders_per_second)


class PerformanceRefunds:
    """One loop a process; several processes may."""

    def __init__(
        self,
        work: OrderWork,
        store: OrderStore,
        driver: SagaDriver,
        clock: Clock,
        ids: Ids,
        timing: Timing,
        limits: RefundJobLimits,
    ) -> None:
        self._work = work
        self._store = store
        self._driver = driver
        self._clock = clock
        self._ids = ids
        self._timing = timing
        self._limits = limits
        self._due: DueWork[tuple[PerformanceRefund, Lease]] = DueWork(
            "performance refunds",
            lease=self._lease_due,
            act=self._turn,
            clock=clock,
            limits=WorkLimits(_JOBS_AT_ONCE, 1.0),
        )

    def wake(self) -> None:
        """Looks again now."""
        self._due.wake()

    async def run(self) -> None:
        """Works until cancelled; leases run out then."""
        await self._due.run()

    async def _lease_due(self, limit: int) -> Leased[tuple[PerformanceRefund, Lease]]:
        now_ms = self._clock.now_ms()
        lease = Lease(self._ids.new_id("lease"), now_ms, now_ms + LEASE_MS)
        leased = await self._work.lease_due(lease, limit)
        return Leased([(job, lease) for job in leased], may_be_more=len(leased) == limit)

    async def _turn(self, taken: tuple[PerformanceRefund, Lease]) -> None:
        job, lease = taken
        after, acted = await (self._look_at_money(job) if job.is_swept else self._batch(job))
        began_ms = lease.taken_ms
        pace_ms = acted * 1000 // self._limits.orders_per_second
        wait_ms = pace_ms if acted or after.after is not None else AGAIN_MS
        await self._work.save(after, lease, max(self._clock.now_ms(), began_ms + wait_ms))
        self._due.look_at(began_ms + wait_ms)

    async def _batch(self, job: PerformanceRefund) -> tuple[PerformanceRefund, int]:
        """The next orders of the pass. What fails in one of them is tried again with the whole batch: nothing of what
        is done is done again."""
        states = frozenset({OrderState.CONFIRMED})
        limit = self._limits.batch
        wanted = OrderFilter(job.house_id, job.performance_id, states, after=job.after, limit=limit)
        page = await self._store.list_orders(wanted)
        changed = await asyncio.gather(*(self._act(job, order) for order in page if _has_valid(order, job)))
        done = [one for one in changed if isinstance(one, Changed) and one.changes]
        self._driver.wake()
        tickets = sum(len(change.lines) for one in done for change in one.changes if isinstance(change, LinesCancelled))
        job = replace(
            job,
            orders_acted=job.orders_acted + len(done),
            tickets_cancelled=job.tickets_cancelled + tickets,
            pass_acted=job.pass_acted + len(done),
            after=_place(page[-1]) if len(page) == limit else None,
        )
        if job.after is None:
            job = await self._passed(job)
        return job, len(done)

    async def _act(self, job: PerformanceRefund, order: Order) -> Changed | None:
        ref = OrderRef(order.house_id, order.order_id)
        changed = await self._store.change(ref, act_on(job.act(), self._clock, self._timing))
        if isinstance(changed, Refusal):
            # It has ended another way meanwhile.
            _log.info("order_left_out", order_id=order.order_id, reason=changed.reason())
        return changed if isinstance(changed, Changed) else None

    async def _passed(self, job: PerformanceRefund) -> PerformanceRefund:
        """The end of a pass. Orders that are being paid may still end in a sale: another pass finds them."""
        (counts,) = await self._work.counts([job])
        is_last = not job.pass_acted and not counts.in_flight and not counts.orders_left
        return replace(job, pass_acted=0, is_swept=is_last)

    async def _look_at_money(self, job: PerformanceRefund) -> tuple[PerformanceRefund, int]:
        (counts,) = await self._work.counts([job])
        if counts.orders_left or counts.in_flight:
            return replace(job, is_swept=False), 0
        if counts.refunds_due:
            return job, 0
        return replace(job, state=JobState.DONE, ended_at_ms=self._clock.now_ms()), 0


def _has_valid(order: Order, job: PerformanceRefund) -> bool:
    return any(part.valid_seat_ids for part in order.parts if part.performance_id == job.performance_id)


def _place(last: Order) -> Place:
    """Parts are listed by the time of their order."""
    return Place(last.created_at_ms, last.order_id)
