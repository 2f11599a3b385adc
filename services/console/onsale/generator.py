"""Sends the crowd: arrivals are gathered for a moment and travel in full messages over one stream, as gateways do."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE

from services.console.onsale.arrivals import Arrival
from services.console.onsale.figures import Figures
from services.console.onsale.seat_view import SeatView
from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.rpc.client import open_channel

if TYPE_CHECKING:
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

GATHER_SECONDS = 0.002
PAUSE_SECONDS = 0.1
HOLDS_A_MESSAGE = 128
ATTEMPTS = 6
TIMEOUT_MS = 5_000


class StreamRefused(Fatal):
    """The inventory refused a whole message."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """A buyer's next attempt, due at a moment of the run."""

    arrival: Arrival
    attempt: int


class OnSale:
    """One run against one performance."""

    def __init__(
        self, target: str, key: pb.PerformanceKey, plan_version: int, figures: Figures, clock: Clock, run_id: str
    ) -> None:
        self._target = target
        self._key = key
        self._plan_version = plan_version
        self._figures = figures
        self._clock = clock
        self._run_id = run_id
        self._view = SeatView(figures.capacity)
        self._due: deque[_Wish] = deque()
        # Buyers that were told to come back, and when.
        self._paused: deque[tuple[float, Sequence[_Wish]]] = deque()
        self._in_flight: dict[int, Sequence[tuple[_Wish, tuple[int, ...]]]] = {}
        self._taken: set[int] = set()
        self._open = figures.buyers
        self._opening = 0.0
        self._batch = 0

    async def run(self, crowd: Sequence[Arrival]) -> None:
        """Until every buyer has seats or has given up. Raises StreamRefused, grpc.aio.AioRpcError."""
        async with open_channel(self._target, self._clock, own_connection=True) as channel:
            inventory: InventoryServiceAsyncStub = InventoryServiceStub(channel)
            watching = asyncio.create_task(self._watch(inventory))
            try:
                self._opening = self._clock.monotonic()
                async for answer in inventory.ExecuteCommands(self._messages(crowd)):
                    self._take(answer)
                self._figures.seconds = self._clock.monotonic() - self._opening
            finally:
                watching.cancel()

    async def _watch(self, inventory: InventoryServiceAsyncStub) -> None:
        while True:
            try:
                async for update in inventory.WatchSeats(pb.WatchSeatsRequest(key=self._key)):
                    self._view.take(update)
            except grpc.aio.AioRpcError:
                await self._clock.sleep(GATHER_SECONDS * 50)

    async def _messages(self, crowd: Sequence[Arrival]) -> AsyncIterator[pb.ExecuteCommandsRequest]:
        coming = deque(crowd)
        while self._open:
            now = self._clock.monotonic() - self._opening
            while coming and coming[0].at_seconds <= now:
                self._due.append(_Wish(coming.popleft(), 0))
            while self._paused and self._paused[0][0] <= self._clock.monotonic():
                self._due.extend(self._paused.popleft()[1])
            while message := self._next_message():
                yield message
            await self._clock.sleep(GATHER_SECONDS)

    def _next_message(self) -> pb.ExecuteCommandsRequest | None:
        wanted: list[tuple[_Wish, tuple[int, ...]]] = []
        while self._due and len(wanted) < HOLDS_A_MESSAGE:
            wish = self._due.popleft()
            place = (wish.arrival.wish + wish.attempt * 0.137) % 1.0
            seats = self._view.choose(place, wish.arrival.size)
            if seats is None:
                self._again(wish, "NOTHING_SEEN")
            else:
                wanted.append((wish, seats))
        if not wanted:
            return None
        self._batch += 1
        self._in_flight[self._batch] = wanted
        return pb.ExecuteCommandsRequest(
            batch_id=self._batch,
            key=self._key,
            plan_version=self._plan_version,
            timeout_ms=TIMEOUT_MS,
            holds=pb.HoldColumns(
                hold_ids=[f"{self._run_id}-{wish.arrival.number}-{wish.attempt}" for wish, _ in wanted],
                holder_ids=[f"{self._run_id}-{wish.arrival.number}" for wish, _ in wanted],
                seat_counts=[len(seats) for _, seats in wanted],
                seat_indexes=[seat for _, seats in wanted for seat in seats],
                channel=CHANNEL_ONLINE,
            ),
        )

    def _take(self, answer: pb.ExecuteCommandsResponse) -> None:
        wanted = self._in_flight.pop(answer.batch_id)
        if answer.HasField("batch_refused"):
            self._refused_message(answer.batch_refused, wanted)
            return
        refused = {refusal.position: refusal.reason for refusal in answer.refused}
        now = self._clock.monotonic() - self._opening
        for position, (wish, seats) in enumerate(wanted):
            if position in refused:
                self._again(wish, refused[position])
                continue
            self._open -= 1
            self._figures.granted += 1
            self._figures.seats_held += len(seats)
            self._figures.double_holds += len(self._taken.intersection(seats))
            self._taken.update(seats)
            self._figures.answered(now - wish.arrival.at_seconds)

    def _refused_message(self, refusal: pb.Refused, wanted: Sequence[tuple[_Wish, tuple[int, ...]]]) -> None:
        if refusal.reason not in {"OVERLOADED", "UNAVAILABLE"}:
            raise StreamRefused(reason=refusal.reason, **dict(refusal.metadata))
        # Overload is the server's to say and nobody's attempt: the same buyers ask again.
        self._figures.refusals[refusal.reason] += len(wanted)
        self._paused.append((self._clock.monotonic() + PAUSE_SECONDS, [wish for wish, _ in wanted]))

    def _again(self, wish: _Wish, reason: str) -> None:
        self._figures.refusals[reason] += 1
        if wish.attempt + 1 < ATTEMPTS:
            self._due.append(_Wish(wish.arrival, wish.attempt + 1))
        else:
            self._open -= 1
            self._figures.gave_up += 1
