"""Finds the orders whose next step is due and takes them on, many at once but never too many. Several may run.

A process that dies leaves leases that run out; whoever looks next goes on from the record.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from services.orders.domain.order import Order
from services.orders.handlers.saga import Saga
from services.orders.ports import Lease, LeasedOrder, OrderStore
from services.runtime.call_context import outside_call
from services.runtime.clock import Clock
from services.runtime.errors import Fault
from services.runtime.ids import Ids
from services.runtime.telemetry.logging import get_logger

_GATHER_SECONDS = 0.01

_log = get_logger("saga_driver")


@dataclass(frozen=True, slots=True)
class DriverLimits:
    """`concurrency`: orders taken on by the loop at once; `inline`: checkouts that are answered at once, on top."""

    concurrency: int = 32
    inline: int = 256
    interval_seconds: float = 0.25


class SagaDriver:
    """One per process. Every lease has a token of its own, so that a restarted process never owns old ones."""

    def __init__(self, saga: Saga, store: OrderStore, clock: Clock, ids: Ids, limits: DriverLimits) -> None:
        self._saga = saga
        self._store = store
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._woken = asyncio.Event()
        self._looped: set[asyncio.Task[Order | None]] = set()
        self._inline: set[asyncio.Task[Order | None]] = set()

    def wake(self) -> None:
        """Looks again now: something was committed."""
        self._woken.set()

    @property
    def is_full(self) -> bool:
        """Whether no more checkouts are taken on inline."""
        return len(self._inline) >= self._limits.inline

    def new_lease(self) -> Lease:
        """For an order that is to be taken on."""
        return self._saga.new_lease(self._ids.new_id("lease"))

    def take_on(self, order: Order, lease: Lease) -> asyncio.Task[Order | None]:
        """Takes on an order that was leased with `lease`; the task ends when the order must wait, and never raises."""
        return self._start(LeasedOrder(order, 0), lease, self._inline)

    def _start(
        self, leased: LeasedOrder, lease: Lease, running: set[asyncio.Task[Order | None]]
    ) -> asyncio.Task[Order | None]:
        # A buyer's deadline ends the buyer's wait, not the saga's calls.
        task = asyncio.create_task(
            self._advance(leased, lease.token), name=f"saga {leased.order.order_id}", context=outside_call()
        )
        running.add(task)
        task.add_done_callback(running.discard)
        return task

    async def _advance(self, leased: LeasedOrder, token: str) -> Order | None:
        try:
            return await self._saga.advance(leased, token)
        except Fault as fault:
            _log.warning("step_faulted", order_id=leased.order.order_id, fault=type(fault).__name__)
        except Exception as error:  # noqa: BLE001 (one order's trouble is not the others'; its lease runs out)
            _log.error("step_broke", order_id=leased.order.order_id, exc_info=error)
        finally:
            if len(self._looped) >= self._limits.concurrency:
                self._woken.set()
        return None

    async def run(self) -> None:
        """Runs until cancelled; then the steps in flight are cancelled too, and their leases run out."""
        try:
            while True:
                self._woken.clear()
                if not await self._look():
                    await self._wait()
                    # What is committed in the same moment is taken on together.
                    await self._clock.sleep(_GATHER_SECONDS)
        finally:
            tasks = [*self._looped, *self._inline]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> bool:
        """Leases what there is room for; whether there may be more to do at once."""
        room = self._limits.concurrency - len(self._looped)
        if room <= 0:
            return False
        lease = self.new_lease()
        leased = await self._store.lease_due(lease, room)
        for one in leased:
            _ = self._start(one, lease, self._looped)
        return len(leased) == room and len(self._looped) < self._limits.concurrency

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._limits.interval_seconds):
                await self._woken.wait()
        except TimeoutError:
            return
