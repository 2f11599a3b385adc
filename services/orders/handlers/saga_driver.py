"""Takes on the orders whose next step is due, and the checkouts that a buyer waits for. Several processes may."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.orders.domain.order import Order
from services.orders.handlers.saga import Saga
from services.orders.ports import Lease, LeasedOrder, OrderStore
from services.runtime.call_context import outside_call
from services.runtime.clock import Clock
from services.runtime.errors import Fault
from services.runtime.ids import Ids
from services.runtime.telemetry.logging import get_logger
from services.runtime.work.due_work import DueWork, Leased, WorkLimits
from services.runtime.work.task_pool import TaskPool

_LINGER_SECONDS = 0.01

_log = get_logger("saga_driver")

_Taken = tuple[LeasedOrder, Lease]


@dataclass(frozen=True, slots=True)
class DriverLimits:
    """`concurrency`: orders taken on by the loop at once; `inline`: checkouts that are answered at once, on top."""

    concurrency: int = 256
    inline: int = 256
    interval_seconds: float = 0.25


class SagaDriver:
    """One per process. Every lease has a token of its own, so that a restarted process never owns old ones."""

    def __init__(self, saga: Saga, store: OrderStore, clock: Clock, ids: Ids, limits: DriverLimits) -> None:
        self._saga = saga
        self._store = store
        self._ids = ids
        self._inline = TaskPool("checkouts", limits.inline)
        self._due: DueWork[_Taken] = DueWork(
            "saga",
            lease=self._lease_due,
            act=self._advance,
            clock=clock,
            limits=WorkLimits(
                limits.concurrency,
                limits.interval_seconds,
                handed_over=limits.concurrency,
                linger_seconds=_LINGER_SECONDS,
            ),
        )

    def wake(self) -> None:
        """Looks again now: something was committed."""
        self._due.wake()

    @property
    def is_full(self) -> bool:
        """Whether no more checkouts are taken on inline."""
        return self._inline.free <= 0

    def new_lease(self) -> Lease:
        """For an order that is to be taken on."""
        return self._saga.new_lease(self._ids.new_id("lease"))

    def take_on(self, order: Order, lease: Lease) -> asyncio.Task[Order | None]:
        """Takes on an order that was leased with `lease`; the task ends when the order must wait, and never raises."""
        # A buyer's deadline ends the buyer's wait, not the saga's calls.
        return self._inline.start(self._advance((LeasedOrder(order, 0), lease)), outside_call())

    def spare_lease(self, orders: int) -> Lease | None:
        """For so many that are to be handed over; None where they would have to wait for too many others."""
        return self.new_lease() if orders <= self._due.room else None

    def hand_over(self, orders: Sequence[Order], lease: Lease) -> None:
        """The loop takes on what was leased with `lease` elsewhere in this process, without looking for it."""
        for order in orders:
            self._due.hand_over((LeasedOrder(order, 0), lease))

    async def run(self) -> None:
        """Runs until cancelled; then the steps in flight are cancelled too, and their leases run out."""
        try:
            await self._due.run()
        finally:
            await self._inline.close()

    async def _lease_due(self, limit: int) -> Leased[_Taken]:
        lease = self.new_lease()
        leased = await self._store.lease_due(lease, limit)
        return Leased([(one, lease) for one in leased], may_be_more=len(leased) == limit)

    async def _advance(self, taken: _Taken) -> Order | None:
        leased, lease = taken
        try:
            return await self._saga.advance(leased, lease.token)
        except Fault as fault:
            _log.warning("step_faulted", order_id=leased.order.order_id, fault=type(fault).__name__)
        except Exception as error:  # noqa: BLE001 (one order's trouble is not the others'; its lease runs out)
            _log.error("step_broke", order_id=leased.order.order_id, exc_info=error)
        return None
