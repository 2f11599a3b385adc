"""Tells those who wait that an order moved: at once inside this process, within a second from another. Bounded."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass

from services.orders.domain.order import Order, OrderState
from services.orders.ports import OrderRef, OrderStore
from services.runtime.clock import Clock

MAX_WAITING = 20_000
_READ_AT_ONCE = 500


@dataclass(slots=True, eq=False)
class _Waiter:
    """One who waits until the order is in none of `unsettled`."""

    unsettled: Set[OrderState]
    woken: asyncio.Future[Order | None]


class OrderNotifier:
    """Wakes waiters with what this process stored."""

    def __init__(self, store: OrderStore, clock: Clock, *, reread_seconds: float = 1.0) -> None:
        self._store = store
        self._clock = clock
        self._reread_seconds = reread_seconds
        self._waiting: dict[OrderRef, set[_Waiter]] = defaultdict(set)
        self._count = 0
        self._somebody_waits = asyncio.Event()

    def tell(self, order: Order) -> None:
        """This process has stored a change of the order."""
        self._tell(OrderRef(order.house_id, order.order_id), order.state, order)

    def _tell(self, ref: OrderRef, state: OrderState, order: Order | None) -> None:
        for waiter in self._waiting.get(ref, ()):
            if state not in waiter.unsettled and not waiter.woken.done():
                waiter.woken.set_result(order)

    async def wait(self, ref: OrderRef, unsettled: Set[OrderState], timeout_seconds: float) -> Order | None:
        """Waits until the order is in none of `unsettled`, and returns it as it was stored then.

        None when the time is up, when too many wait, and when another process stored it: read it.
        """
        if timeout_seconds <= 0 or self._count >= MAX_WAITING:
            return None
        waiter = _Waiter(unsettled, asyncio.get_running_loop().create_future())
        self._waiting[ref].add(waiter)
        self._count += 1
        self._somebody_waits.set()
        try:
            async with asyncio.timeout(timeout_seconds):
                return await waiter.woken
        except TimeoutError:
            return None
        finally:
            self._count -= 1
            self._waiting[ref].discard(waiter)
            if not self._waiting[ref]:
                del self._waiting[ref]

    async def run(self) -> None:
        """Reads the awaited orders once a second: another process may have moved them. Sleeps while nobody waits."""
        while True:
            await self._somebody_waits.wait()
            self._somebody_waits.clear()
            await self._clock.sleep(self._reread_seconds)
            await self._reread()
            if self._count:
                self._somebody_waits.set()

    async def _reread(self) -> None:
        refs = list(self._waiting)
        for start in range(0, len(refs), _READ_AT_ONCE):
            states = await self._store.states_of(refs[start : start + _READ_AT_ONCE])
            for ref, state in states.items():
                self._tell(ref, state, None)
