"""Sends the crowd: arrivals are gathered for a moment and travel in full messages over one stream, as gateways do."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

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
from services.runtime.rpc.errors import is_uncertain

if TYPE_CHECKING:
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

GATHER_SECONDS = 0.002
HOLDS_A_MESSAGE = 128
# Messages left unanswered at a time. More would only wait at the owner instead of here, where buyers' time counts too.
MESSAGES_IN_FLIGHT = 8
ATTEMPTS = 6
TIMEOUT_MS = 5_000
# When the owner does not say when to come back.
PAUSE_SECONDS = 0.1
# How long an owner is looked for after one was lost.
PATIENCE_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.2

# Refused for now: the owner's to say and nobody's attempt, so the same buyers ask again.
_NOT_NOW = frozenset({"OVERLOADED", "DEADLINE_PASSED"})
# What became of the holds is not known, or is another node's to say: the very same is asked again.
_AGAIN_ALIKE = frozenset({"UNAVAILABLE"})
_MOVED = frozenset({"NOT_OWNER"})


class StreamRefused(Fatal):
    """The inventory refused a whole message."""


class OwnerLost(Fatal):
    """No node answered for the performance in time."""


class _Wish(NamedTuple):
    """A buyer's next attempt."""

    arrival: Arrival
    attempt: int


_Wanted = Sequence[tuple[_Wish, tuple[int, ...]]]


class OnSale:
    """One run against one performance. `find_owner` tells host:port of the node to talk to."""

    def __init__(
        self,
        find_owner: Callable[[], Awaitable[str]],
        key: pb.PerformanceKey,
        plan_version: int,
        figures: Figures,
        clock: Clock,
        run_id: str,
    ) -> None:
        self._find_owner = find_owner
        self._key = key
        self._plan_version = plan_version
        self._figures = figures
        self._clock = clock
        self._run_id = run_id
        self._view = SeatView(figures.capacity)
        self._coming: deque[Arrival] = deque()
        self._due: deque[_Wish] = deque()
        # Buyers that were told to come back: when, and who.
        self._paused: list[tuple[float, _Wish]] = []
        self._alike: deque[_Wanted] = deque()
        self._in_flight: dict[int, _Wanted] = {}
        self._taken: set[int] = set()
        self._open = figures.buyers
        self._opening = 0.0
        self._batch = 0
        self._conversation = 0
        self._heard_at = 0.0

    async def run(self, crowd: Sequence[Arrival]) -> None:
        """Until every buyer has seats or has given up. Raises StreamRefused, OwnerLost, grpc.aio.AioRpcError."""
        self._coming = deque(crowd)
        self._opening = self._heard_at = self._clock.monotonic()
        while True:
            try:
                async with open_channel(await self._find_owner(), self._clock, own_connection=True) as channel:
                    await self._converse(InventoryServiceStub(channel))
            except grpc.aio.AioRpcError as error:
                if not is_uncertain(error):
                    raise
                if self._clock.monotonic() - self._heard_at > PATIENCE_SECONDS:
                    raise OwnerLost(performance_id=self._key.performance_id) from error
            if not self._open:
                break
            self._figures.reconnections += 1
            self._alike.extend(self._in_flight.values())
            self._in_flight.clear()
            await self._clock.sleep(LOOK_AGAIN_SECONDS)
        self._figures.seconds = self._now()

    def _now(self) -> float:
        return self._clock.monotonic() - self._opening

    async def _converse(self, inventory: InventoryServiceAsyncStub) -> None:
        """Returns when everybody had a last word, or when the owner is another node."""
        self._conversation += 1
        watching = asyncio.create_task(self._watch(inventory))
        try:
            async for answer in inventory.ExecuteCommands(self._messages(self._conversation)):
                self._heard_at = self._clock.monotonic()
                if not answer.batch_id:  # word of the credit
                    continue
                if answer.batch_refused.reason in _MOVED:
                    return
                self._take(answer)
        finally:
            watching.cancel()
            # gRPC may go on asking for messages of a stream that has ended: it must get none of the next one's.
            self._conversation += 1

    async def _watch(self, inventory: InventoryServiceAsyncStub) -> None:
        while True:
            try:
                async for update in inventory.WatchSeats(pb.WatchSeatsRequest(key=self._key)):
                    self._view.take(update)
            except grpc.aio.AioRpcError:
                await self._clock.sleep(LOOK_AGAIN_SECONDS)

    async def _messages(self, conversation: int) -> AsyncIterator[pb.ExecuteCommandsRequest]:
        while self._open and conversation == self._conversation:
            now = self._now()
            while self._coming and self._coming[0].at_seconds <= now:
                self._due.append(_Wish(self._coming.popleft(), 0))
            while self._paused and self._paused[0][0] <= now:
                self._due.append(heapq.heappop(self._paused)[1])
            while len(self._in_flight) < MESSAGES_IN_FLIGHT and (wanted := self._next_wanted()):
                yield self._message(wanted)
                if conversation != self._conversation:
                    return
            await self._clock.sleep(GATHER_SECONDS)

    def _next_wanted(self) -> _Wanted:
        if self._alike:
            return self._alike.popleft()
        wanted: list[tuple[_Wish, tuple[int, ...]]] = []
        while self._due and len(wanted) < HOLDS_A_MESSAGE:
            wish = self._due.popleft()
            buyer, attempt = wish
            seats = self._view.choose(buyer.place(attempt), buyer.elsewhere(attempt), buyer.size)
            if seats is None:
                self._figures.refusals["NOTHING_SEEN"] += 1
                self._give_up(wish)
            else:
                wanted.append((wish, seats))
        return wanted

    def _message(self, wanted: _Wanted) -> pb.ExecuteCommandsRequest:
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
        refused = {refusal.position: refusal for refusal in answer.refused}
        for position, (wish, seats) in enumerate(wanted):
            refusal = refused.get(position)
            if refusal is None:
                self._open -= 1
                self._figures.double_holds += len(self._taken.intersection(seats))
                self._taken.update(seats)
                self._figures.buyer_granted(len(seats), self._now() - wish.arrival.at_seconds)
            elif refusal.reason in _NOT_NOW:
                self._later(wish, refusal)
            else:
                self._again(wish, refusal.reason)

    def _refused_message(self, refusal: pb.Refused, wanted: _Wanted) -> None:
        if refusal.reason in _AGAIN_ALIKE:
            self._figures.refusals[refusal.reason] += len(wanted)
            self._alike.append(wanted)
        elif refusal.reason in _NOT_NOW:
            for wish, _ in wanted:
                self._later(wish, refusal)
        else:
            raise StreamRefused(reason=refusal.reason, **dict(refusal.metadata))

    def _later(self, wish: _Wish, refusal: pb.Refused) -> None:
        """Comes back when told to, half of it sooner or later: a crowd must not come back as one."""
        self._figures.refusals[refusal.reason] += 1
        asked = refusal.metadata.get("retry_after_ms", "")
        pause = int(asked) / 1000 if asked.isdecimal() else PAUSE_SECONDS
        heapq.heappush(self._paused, (self._now() + pause * (0.5 + wish.arrival.die), wish))

    def _again(self, wish: _Wish, reason: str) -> None:
        self._figures.refusals[reason] += 1
        if wish.attempt + 1 < ATTEMPTS:
            self._due.append(_Wish(wish.arrival, wish.attempt + 1))
        else:
            self._give_up(wish)

    def _give_up(self, wish: _Wish) -> None:
        self._open -= 1
        self._figures.buyer_gave_up(self._now() - wish.arrival.at_seconds)
