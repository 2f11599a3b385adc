"""Sends the crowd: buyers ask when the plan of arrivals says, whatever is answered; holds share messages on the way."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub

from services.console.onsale.arrivals import Arrival
from services.console.onsale.figures import Figures
from services.console.onsale.seat_view import SeatView
from services.contracts.inventory_stream import Done, HoldCommand, InventoryAnswer, InventoryStreams, OnPerformance
from services.contracts.reasons import Reason
from services.runtime.clock import Clock
from services.runtime.errors import Fatal

if TYPE_CHECKING:
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

BATCHING_DELAY_SECONDS = 0.002
# Holds that wait for their turn to be sent. More of them wait here, where they can still choose by a newer map.
HOLDS_WAITING = 512
ATTEMPTS = 6
TIMEOUT_SECONDS = 5.0
# When the owner does not say when to come back.
PAUSE_SECONDS = 0.1
# How long an owner is looked for after one was lost.
PATIENCE_SECONDS = 30.0
WATCH_AGAIN_SECONDS = 0.2

# Refused for now: the owner's to say and nobody's attempt, so the same buyers ask again.
_NOT_NOW = frozenset({Reason.OVERLOADED, Reason.DEADLINE_PASSED})
# The fault is this generator's.
_NEVER = frozenset({Reason.FIELD_INVALID, Reason.PERFORMANCE_NOT_FOUND, Reason.PLAN_VERSION_MISMATCH})


class HoldRefused(Fatal):
    """The inventory cannot make sense of a hold."""


class OwnerLost(Fatal):
    """No node answered for the performance in time."""


class _Wish(NamedTuple):
    """A buyer's next attempt."""

    arrival: Arrival
    attempt: int


class OnSale:
    """One run against one performance. `channel` leads to any node, for the live seat map."""

    def __init__(
        self,
        streams: InventoryStreams,
        channel: grpc.aio.Channel,
        performance: OnPerformance,
        figures: Figures,
        clock: Clock,
        run_id: str,
    ) -> None:
        self._streams = streams
        self._channel = channel
        self._performance = performance
        self._figures = figures
        self._clock = clock
        self._run_id = run_id
        self._view = SeatView(figures.capacity)
        self._coming: deque[Arrival] = deque()
        self._due: deque[_Wish] = deque()
        # Buyers that were told to come back: when, and who.
        self._paused: list[tuple[float, _Wish]] = []
        self._taken: set[int] = set()
        self._open = figures.buyers
        self._opening = 0.0
        self._heard_at = 0.0
        self._fault: Fatal | None = None
        self._is_over = False

    async def run(self, crowd: Sequence[Arrival]) -> None:
        """Until every buyer has seats or has given up. Raises HoldRefused, OwnerLost."""
        self._coming = deque(crowd)
        self._opening = self._clock.monotonic()
        watching = asyncio.create_task(self._watch())
        try:
            while self._open:
                if self._fault is not None:
                    raise self._fault
                self._send_due()
                await self._clock.sleep(BATCHING_DELAY_SECONDS)
        finally:
            self._is_over = True
            watching.cancel()
        self._figures.seconds = self._now()
        self._figures.reconnections = self._streams.broken

    def _now(self) -> float:
        return self._clock.monotonic() - self._opening

    async def _watch(self) -> None:
        inventory: InventoryServiceAsyncStub = InventoryServiceStub(self._channel)
        key = pb.PerformanceKey(house_id=self._performance.house_id, performance_id=self._performance.performance_id)
        while True:
            try:
                async for update in inventory.WatchSeats(pb.WatchSeatsRequest(key=key)):
                    self._view.take(update)
            except grpc.aio.AioRpcError:
                pass  # buyers go on with what they saw last
            await self._clock.sleep(WATCH_AGAIN_SECONDS)

    def _send_due(self) -> None:
        now = self._now()
        while self._coming and self._coming[0].at_seconds <= now:
            self._due.append(_Wish(self._coming.popleft(), 0))
        while self._paused and self._paused[0][0] <= now:
            self._due.append(heapq.heappop(self._paused)[1])
        while self._due and self._streams.waiting < HOLDS_WAITING:
            self._choose(self._due.popleft())

    def _choose(self, wish: _Wish) -> None:
        buyer, attempt = wish
        seats = self._view.choose(buyer.place(attempt), buyer.elsewhere(attempt), buyer.size)
        if seats is None:
            self._figures.refusals["NOTHING_SEEN"] += 1
            self._give_up(wish)
        else:
            self._ask(wish, seats)

    def _ask(self, wish: _Wish, seats: tuple[int, ...]) -> None:
        holder_id = f"{self._run_id}-{wish.arrival.number}"
        hold = HoldCommand(self._performance, f"{holder_id}-{wish.attempt}", holder_id, seats)
        answer = self._streams.submit(hold, timeout_seconds=TIMEOUT_SECONDS)
        answer.add_done_callback(partial(self._told, wish, seats))

    def _told(self, wish: _Wish, seats: tuple[int, ...], told: asyncio.Future[InventoryAnswer]) -> None:
        if told.exception() is not None:
            self._unanswered(wish, seats)
            return
        self._heard_at = self._now()
        answer = told.result()
        if isinstance(answer, Done):
            self._open -= 1
            self._figures.double_holds += len(self._taken.intersection(seats))
            self._taken.update(seats)
            self._figures.buyer_granted(len(seats), self._heard_at - wish.arrival.at_seconds)
        elif answer.reason in _NOT_NOW:
            self._later(wish, answer)
        elif answer.reason in _NEVER:
            self._fault = HoldRefused(reason=answer.reason, **dict(answer.metadata))
        else:
            self._again(wish, answer.reason)

    def _unanswered(self, wish: _Wish, seats: tuple[int, ...]) -> None:
        """What became of the hold is not known: the very same is asked for again."""
        self._figures.refusals["UNANSWERED"] += 1
        if self._now() - self._heard_at > PATIENCE_SECONDS:
            self._fault = OwnerLost(performance_id=self._performance.performance_id)
        elif not self._is_over:
            self._ask(wish, seats)

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
