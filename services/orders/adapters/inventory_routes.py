"""Where each performance's owner was last seen, and a channel to each such node. Bounded; a wrong one costs a hop."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import grpc
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub

from services.orders.adapters.grpc_answers import unanswered
from services.runtime.clock import Clock
from services.runtime.ids import seeded_random
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.context import current_call, remaining_seconds
from services.runtime.rpc.errors import is_uncertain, refusal_of

if TYPE_CHECKING:
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

T = TypeVar("T")
Call = Callable[["InventoryServiceAsyncStub"], Awaitable[T]]

MAX_ROUTES = 10_000
MAX_NODES = 64
# Answers of a node that is not, or not yet, the owner.
_MOVED = frozenset({"NOT_OWNER", "OWNERSHIP_UNKNOWN"})
_FIRST_WAIT_SECONDS = 0.02
_LONGEST_WAIT_SECONDS = 0.5


class InventoryRoutes:
    """Follows NOT_OWNER's hints with the same ids, jittered, inside the caller's deadline (RULE 8)."""

    def __init__(self, target: str, clock: Clock, *, timeout_seconds: float) -> None:
        self._target = target
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._random = seeded_random(clock.now_ms())
        self._channels: OrderedDict[str, grpc.aio.Channel] = OrderedDict()
        self._endpoints: OrderedDict[str, str] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()

    async def call(self, name: str, performance_id: str, call: Call[T]) -> T:
        """What `call` answers at the owner. Raises its refusals as they are, and Unanswered when no owner is found."""
        until = self._clock.monotonic() + remaining_seconds(current_call(), self._clock, self._timeout_seconds)
        wait_seconds = _FIRST_WAIT_SECONDS
        while True:
            endpoint = self._endpoints.get(performance_id, self._target)
            try:
                return await call(self._stub(endpoint))
            except grpc.aio.AioRpcError as error:
                refusal = refusal_of(error)
                if refusal is None or refusal.reason not in _MOVED:
                    if is_uncertain(error):
                        self._endpoints.pop(performance_id, None)
                    raise
                self._follow(performance_id, refusal.facts.get("endpoint", ""), endpoint)
                wait = wait_seconds * (0.5 + self._random.random())
                if self._clock.monotonic() + wait >= until:
                    raise unanswered(name, refusal) from error
            await self._clock.sleep(wait)
            wait_seconds = min(wait_seconds * 2, _LONGEST_WAIT_SECONDS)

    def _follow(self, performance_id: str, hint: str, tried: str) -> None:
        """A hint back to the node that refused says that nobody knows yet: ask where we started."""
        if not hint or hint == tried:
            self._endpoints.pop(performance_id, None)
            return
        self._endpoints[performance_id] = hint
        self._endpoints.move_to_end(performance_id)
        while len(self._endpoints) > MAX_ROUTES:
            self._endpoints.popitem(last=False)

    def _stub(self, endpoint: str) -> InventoryServiceAsyncStub:
        channel = self._channels.get(endpoint)
        if channel is None:
            channel = open_channel(endpoint, self._clock, timeout_seconds=self._timeout_seconds)
            self._channels[endpoint] = channel
            if len(self._channels) > MAX_NODES:
                _, oldest = self._channels.popitem(last=False)
                closing = asyncio.create_task(oldest.close(self._timeout_seconds))
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
        self._channels.move_to_end(endpoint)
        stub: InventoryServiceAsyncStub = InventoryServiceStub(channel)
        return stub

    async def close(self) -> None:
        """Lets every channel go."""
        for channel in self._channels.values():
            await channel.close()
        await asyncio.gather(*self._closing, return_exceptions=True)
