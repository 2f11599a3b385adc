"""A buyer's live seat map over WatchSeats: snapshot, then numbered deltas; a gap is counted and watched anew."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.console.sale.hall import FREE
from services.console.sale.shop import Shop
from services.runtime.clock import Clock

_AGAIN_SECONDS = 0.5


class Watcher:
    """Watches while the buyer is in the shop."""

    def __init__(self, shop: Shop, key: pb.PerformanceKey, buyer: int, clock: Clock) -> None:
        self._shop = shop
        self._key = key
        self._stub = shop.inventory(buyer)
        self._clock = clock
        self._states = bytearray()
        self._at = (0, 0)
        self._some_free = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait_for_free_seats(self, at_most_seconds: float) -> None:
        """Returns when a seat is free on the live map, or after a while."""
        try:
            async with asyncio.timeout(at_most_seconds):
                await self._some_free.wait()
        except TimeoutError:
            pass

    async def _watch(self) -> None:
        while True:
            try:
                async for update in self._stub.WatchSeats(pb.WatchSeatsRequest(key=self._key), wait_for_ready=True):
                    if not self._take(update):
                        self._shop.tally.count("watch_gaps")
                        break
            except grpc.aio.AioRpcError:
                self._shop.tally.count("watches_cut")
            await self._clock.sleep(_AGAIN_SECONDS)

    def _take(self, update: pb.WatchSeatsResponse) -> bool:
        """Whether the update follows on what is known."""
        if update.WhichOneof("update") == "snapshot":
            self._states = bytearray(update.snapshot.seat_states)
        elif (update.epoch, update.version) != (self._at[0], self._at[1] + 1):
            return False
        else:
            for index, state in zip(update.delta.seat_indexes, update.delta.seat_states, strict=True):
                self._states[index] = state
        self._at = update.epoch, update.version
        self._shop.tally.count("watch_updates")
        if FREE in self._states:
            self._some_free.set()
        else:
            self._some_free.clear()
        return True
