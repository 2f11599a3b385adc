"""More callers than one owner can serve, each with a deadline: what is granted in time, and what the rest costs.

Arrivals follow a schedule and latencies count from it, so nothing that waits anywhere is left out. Who is refused does
not come back at once: the seats go to the end of a ring that takes seconds to come round.
"""

from __future__ import annotations

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from dataclasses import dataclass, field

from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, SeatRefs
from hdrh.histogram import HdrHistogram

from bench.http2 import Http2Connection, grpc_message, header_block
from bench.stack import HOUSE, PLAN_VERSION
from services.contracts.reasons import Reason

SERVICE = "/balcon.inventory.v1.InventoryService/"
CONNECTIONS = 8
TIMEOUT_SECONDS = 2.0
TICK_SECONDS = 0.002
# Messages that a gateway leaves unanswered on a stream whose node has not told the credit yet.
CREDIT = 8
# A gateway that may not send for so long refuses by itself, as the owner would: what waits there is as late as what
# waits here.
GATEWAY_WAIT_SECONDS = 0.1
# Calls in flight when the most that the owner can do is looked for.
CLOSED_WINDOW = 64
OK, RESOURCE_EXHAUSTED = 0, 8


def histogram() -> HdrHistogram:
    """Microseconds up to a minute, three digits."""
    return HdrHistogram(1, 60_000_000, 3)


@dataclass(slots=True)
class Outcome:
    """What became of the calls whose answer, or end, fell into a phase. Latencies of what was granted."""

    seconds: float = 0.0
    offered: int = 0
    granted: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    latency: HdrHistogram = field(default_factory=histogram)

    @property
    def goodput(self) -> float:
        """Holds per second granted before their caller's deadline."""
        return self.granted / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """Of what was granted, from the scheduled arrival on."""
        return float(self.latency.get_value_at_percentile(percent)) / 1000

    def as_json(self) -> dict[str, object]:
        """For machines."""
        return {
            "seconds": round(self.seconds, 2),
            "offered_per_second": round(self.offered / self.seconds),
            "granted_per_second": round(self.goodput),
            "ended_per_second": {name: round(count / self.seconds) for name, count in self.ended.items()},
            "p50_ms": round(self.percentile_ms(50), 2),
            "p99_ms": round(self.percentile_ms(99), 2),
            "p99.9_ms": round(self.percentile_ms(99.9), 2),
        }


class Flood(ABC):
    """Buyers of one seat each. Subclasses know how a hold travels."""

    def __init__(self, target: str, performance_id: str, capacity: int) -> None:
        self._target = target
        self._messages = [self._message(performance_id, seat) for seat in range(capacity)]
        self._ring = deque(range(capacity))
        self._connections: list[Http2Connection] = []
        self._turn = 0
        # Scheduled, not sent yet: the server gives no room for more.
        self._held_back: deque[tuple[int, float]] = deque()
        # Sent, by the time of sending: seat, scheduled, connection and stream.
        self._sent: deque[tuple[float, int]] = deque()
        self._in_flight: dict[int, float] = {}
        self._closed_window = 0
        self._outcome = Outcome()

    async def __aenter__(self) -> Flood:
        """Connects."""
        for _ in range(CONNECTIONS):
            self._connections.append(await self._connect(self._target))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Lets go of everything."""
        for connection in self._connections:
            connection.close()

    @abstractmethod
    def _message(self, performance_id: str, seat: int) -> bytes:
        """The prebuilt request for a seat."""

    @abstractmethod
    async def _connect(self, target: str) -> Http2Connection: ...

    @abstractmethod
    def _send(self, connection: Http2Connection, seat: int) -> bool:
        """False: no room there now."""

    @abstractmethod
    def _give_up(self, seat: int) -> None:
        """The caller's deadline has passed."""

    async def closed(self, seconds: float) -> Outcome:
        """The most there is: CLOSED_WINDOW calls always in flight."""
        outcome = self._begin()
        started = time.perf_counter()
        self._closed_window = CLOSED_WINDOW
        for _ in range(CLOSED_WINDOW):
            self._arrive(time.perf_counter())
        await asyncio.sleep(seconds)
        self._closed_window = 0
        outcome.seconds = time.perf_counter() - started
        await self._settle()
        return outcome

    async def open(self, per_second: float, seconds: float) -> Outcome:
        """Poisson arrivals at a rate, whatever the answers."""
        outcome = self._begin()
        started = time.perf_counter()
        due = started
        while (now := time.perf_counter()) < started + seconds:
            while due <= now:
                self._arrive(due)
                due += random.expovariate(per_second)
            self._expire(now)
            self._flush()
            await asyncio.sleep(TICK_SECONDS)
        outcome.seconds = time.perf_counter() - started
        return outcome

    def _begin(self) -> Outcome:
        self._outcome = Outcome()
        return self._outcome

    async def _settle(self) -> None:
        """Until nothing is in flight or everything has passed its deadline."""
        self._outcome = Outcome()
        while self._in_flight or self._held_back:
            self._expire(time.perf_counter())
            self._flush()
            await asyncio.sleep(TICK_SECONDS)

    def _arrive(self, due: float) -> None:
        self._outcome.offered += 1
        if not self._ring:
            self._outcome.ended["no seat left to ask for"] += 1
            return
        seat = self._ring.popleft()
        if self._held_back or not self._sends(seat, due):
            self._held_back.append((seat, due))

    def _sends(self, seat: int, due: float) -> bool:
        for _ in range(len(self._connections)):
            self._turn = (self._turn + 1) % len(self._connections)
            if self._send(self._connections[self._turn], seat):
                self._in_flight[seat] = due
                self._sent.append((due, seat))
                if self._closed_window:
                    self._connections[self._turn].flush()
                return True
        return False

    def _expire(self, now: float) -> None:
        late = now - TIMEOUT_SECONDS
        while self._sent and (self._sent[0][0] < late or self._sent[0][1] not in self._in_flight):
            due, seat = self._sent.popleft()
            if self._in_flight.get(seat) == due:
                del self._in_flight[seat]
                self._give_up(seat)
                self._end(seat, "deadline passed")
        while self._held_back:
            seat, due = self._held_back[0]
            if now - due > GATEWAY_WAIT_SECONDS:
                self._end(seat, "not sent")
            elif not self._sends(seat, due):
                break
            self._held_back.popleft()

    def _end(self, seat: int, how: str) -> None:
        self._outcome.ended[how] += 1
        self._ring.append(seat)

    def _answered(self, seat: int, refusal: str) -> None:
        """Called by subclasses; '' is a yes."""
        due = self._in_flight.pop(seat, None)
        if due is None:
            return
        waited = time.perf_counter() - due
        if refusal:
            self._end(seat, refusal)
        elif waited > TIMEOUT_SECONDS:
            self._end(seat, "granted too late")
        else:
            self._outcome.granted += 1
            self._outcome.latency.record_value(max(1, int(waited * 1e6)))
        if self._closed_window:
            self._arrive(time.perf_counter())

    def _flush(self) -> None:
        for connection in self._connections:
            connection.flush()


class UnaryFlood(Flood):
    """HoldSeats calls on CONNECTIONS connections."""

    def __init__(self, target: str, performance_id: str, capacity: int) -> None:
        super().__init__(target, performance_id, capacity)
        self._headers = header_block(f"{SERVICE}HoldSeats", target, timeout_ms=int(TIMEOUT_SECONDS * 1000))
        self._seats: dict[tuple[Http2Connection, int], int] = {}
        self._streams: dict[int, tuple[Http2Connection, int]] = {}

    def _message(self, performance_id: str, seat: int) -> bytes:
        key = pb.PerformanceKey(house_id=HOUSE, performance_id=performance_id)
        refs = SeatRefs(plan_version=PLAN_VERSION, seat_ids=[f"s{seat}"])
        request = pb.HoldSeatsRequest(
            key=key, hold_id=f"u{seat}", holder_id=f"b{seat}", seats=refs, channel=CHANNEL_ONLINE
        )
        return grpc_message(request.SerializeToString())

    async def _connect(self, target: str) -> Http2Connection:
        return await Http2Connection.connect(target, self._ended)

    def _send(self, connection: Http2Connection, seat: int) -> bool:
        stream = connection.call(self._headers, self._messages[seat])
        if stream is None:
            return False
        self._seats[connection, stream] = seat
        self._streams[seat] = (connection, stream)
        return True

    def _give_up(self, seat: int) -> None:
        connection, stream = self._streams.pop(seat)
        del self._seats[connection, stream]
        connection.cancel(stream)

    def _ended(self, connection: Http2Connection, stream: int, status: int) -> None:
        seat = self._seats.pop((connection, stream))
        del self._streams[seat]
        self._answered(seat, "" if status == OK else "refused" if status == RESOURCE_EXHAUSTED else f"status {status}")


class StreamFlood(Flood):
    """Messages of one hold on one long-lived stream a connection, as gateways without a crowd send them."""

    credit = CREDIT
    ignores_credit = False

    def __init__(self, target: str, performance_id: str, capacity: int) -> None:
        super().__init__(target, performance_id, capacity)
        self._headers = header_block(f"{SERVICE}ExecuteCommands", target)
        self._stream_of: dict[Http2Connection, int] = {}
        self._credit: dict[Http2Connection, int] = {}
        self._unanswered: dict[Http2Connection, int] = {}

    def _message(self, performance_id: str, seat: int) -> bytes:
        holds = pb.HoldColumns(
            hold_ids=[f"u{seat}"],
            holder_ids=[f"b{seat}"],
            seat_counts=[1],
            seat_indexes=[seat],
            channel=CHANNEL_ONLINE,
        )
        request = pb.ExecuteCommandsRequest(
            batch_id=seat + 1,
            key=pb.PerformanceKey(house_id=HOUSE, performance_id=performance_id),
            plan_version=PLAN_VERSION,
            timeout_ms=int(TIMEOUT_SECONDS * 1000),
            holds=holds,
        )
        return grpc_message(request.SerializeToString())

    async def _connect(self, target: str) -> Http2Connection:
        connection = await Http2Connection.connect(target, self._broken, self._told)
        self._stream_of[connection] = connection.open(self._headers)
        self._credit[connection], self._unanswered[connection] = self.credit, 0
        connection.flush()
        return connection

    def _send(self, connection: Http2Connection, seat: int) -> bool:
        if self._unanswered[connection] >= self._credit[connection]:
            return False
        if not connection.send(self._stream_of[connection], self._messages[seat]):
            return False
        self._unanswered[connection] += 1
        return True

    def _give_up(self, seat: int) -> None:
        """Nothing to say: the owner knows the deadline."""

    def _told(self, connection: Http2Connection, stream: int, message: bytes) -> None:
        answer = pb.ExecuteCommandsResponse.FromString(message)
        self._credit[connection] = max(self.credit, answer.credit) if self.ignores_credit else answer.credit
        if not answer.batch_id:
            return
        refusal = ""
        if answer.HasField("batch_refused"):
            refusal = "refused" if answer.batch_refused.reason == Reason.OVERLOADED else answer.batch_refused.reason
        elif answer.refused:
            refusal = answer.refused[0].reason
        self._unanswered[connection] -= 1
        self._answered(answer.batch_id - 1, refusal)

    def _broken(self, connection: Http2Connection, stream: int, status: int) -> None:
        raise ConnectionResetError(status)


class GreedyStreamFlood(StreamFlood):
    """Callers that send as much as flow control lets them: what is not read yet is as late as what is."""

    credit = 1_000_000
    ignores_credit = True
