"""A thousand watchers of one performance on sale, some of whom do not read: what the others and the buyers feel."""

from __future__ import annotations

import asyncio
import time

from balcon.inventory.v1 import inventory_service_pb2 as pb
from hdrh.histogram import HdrHistogram

from bench import load
from bench.flood import SERVICE, StreamFlood, histogram
from bench.http2 import FIRST_WINDOW, Http2Connection, grpc_message, header_block
from bench.process import Cores, resident_mib
from bench.stack import HOUSE, InventoryStack

HALL = 100_000
WATCHERS = 1_000
WATCHERS_A_CONNECTION = 50
STALLED = (0, 1, 100)
# Longer than the feed's patience with a watcher, so that those who do not read are cut off meanwhile.
SECONDS = 12.0
JOIN_SECONDS = 60.0
WAKE_SECONDS = 2.0


class NotedFlood(StreamFlood):
    """Notes when each seat's hold was answered."""

    def __init__(self, target: str, performance_id: str, capacity: int) -> None:
        super().__init__(target, performance_id, capacity)
        self.answered_at: dict[int, float] = {}

    def _answered(self, seat: int, refusal: str) -> None:
        self.answered_at[seat] = time.perf_counter()
        super()._answered(seat, refusal)


class Gallery:
    """The watchers. Lag is counted from the answer to the oldest hold in a delta until a watcher has it.

    The feed gathers changes for a tenth of a second: that is part of it.
    """

    def __init__(self, target: str, performance_id: str, answered_at: dict[int, float]) -> None:
        self._target = target
        self._answered_at = answered_at
        key = pb.PerformanceKey(house_id=HOUSE, performance_id=performance_id)
        self._headers = header_block(f"{SERVICE}WatchSeats", target)
        self._request = grpc_message(pb.WatchSeatsRequest(key=key).SerializeToString())
        self._connections: list[Http2Connection] = []
        self._stalled: list[Http2Connection] = []
        # Every watcher gets the same bytes: each delta is read once. None: a snapshot.
        self._known: dict[bytes, float | None] = {}
        self._watchers = self._joined = 0
        self._all_joined = asyncio.Event()
        self.cut_off = 0
        self.stalled_cut_off = 0
        self.deltas = 0
        self.lag: HdrHistogram = histogram()

    async def join(self, watchers: int, stalled: int) -> None:
        """Returns when all who read have the hall; the others' answers are left on the way to them."""
        self._watchers = watchers
        for start in range(0, watchers, WATCHERS_A_CONNECTION):
            connection = await Http2Connection.connect(self._target, self._ended, self._told)
            for _ in range(min(WATCHERS_A_CONNECTION, watchers - start)):
                connection.open(self._headers, self._request)
            connection.flush()
            self._connections.append(connection)
        if watchers:
            await asyncio.wait_for(self._all_joined.wait(), JOIN_SECONDS)
        for _ in range(stalled):
            connection = await Http2Connection.connect(self._target, self._stalled_ended, window=FIRST_WINDOW)
            connection.open(self._headers, self._request)
            connection.flush()
            connection.stall()
            self._stalled.append(connection)

    async def wake_up(self) -> None:
        """Those who did not read do so now, and find out whether they were cut off."""
        for connection in self._stalled:
            connection.resume()
        await asyncio.sleep(WAKE_SECONDS if self._stalled else 0)

    def leave(self) -> None:
        """Closes everything."""
        for connection in (*self._connections, *self._stalled):
            connection.close()

    def _told(self, connection: Http2Connection, stream: int, message: bytes) -> None:
        now = time.perf_counter()
        if message not in self._known:
            self._known[message] = self._oldest(message, now)
        oldest = self._known[message]
        if oldest is None:
            self._joined += 1
            if self._joined == self._watchers:
                self._all_joined.set()
        else:
            self.deltas += 1
            self.lag.record_value(max(1, int((now - oldest) * 1e6)))

    def _oldest(self, message: bytes, now: float) -> float | None:
        update = pb.WatchSeatsResponse.FromString(message)
        if update.HasField("snapshot"):
            return None
        return min((self._answered_at.get(seat, now) for seat in update.delta.seat_indexes), default=now)

    def _ended(self, connection: Http2Connection, stream: int, status: int) -> None:
        self.cut_off += 1

    def _stalled_ended(self, connection: Http2Connection, stream: int, status: int) -> None:
        self.stalled_cut_off += 1


async def measure(stack: InventoryStack, watchers: int, stalled: int) -> dict[str, float]:
    """Holds per second of a closed loop while `watchers` watch, of whom `stalled` do not read."""
    target, pid = stack.nodes[0], stack.pids[0]
    (name,) = await stack.put_performances(HALL, 1, prefix=f"watched{watchers}_{stalled}")
    await load.wake(target, name)
    crowd = NotedFlood(target, name, HALL)
    gallery = Gallery(target, name, crowd.answered_at)
    async with crowd:
        await gallery.join(watchers - stalled, stalled)
        memory = [resident_mib(pid)]
        meter = Cores(pid)
        running = asyncio.create_task(crowd.closed(SECONDS))
        while not running.done():
            await asyncio.wait({running}, timeout=0.25)
            memory.append(resident_mib(pid))
        outcome = await running
        cores = meter.lap()
    await gallery.wake_up()
    gallery.leave()
    return {
        "holds_per_second": round(outcome.goodput),
        "hold_p99_ms": outcome.percentile_ms(99),
        "deltas": gallery.deltas,
        "readers_cut_off": gallery.cut_off,
        "stalled_cut_off": gallery.stalled_cut_off,
        "lag_p50_ms": gallery.lag.get_value_at_percentile(50) / 1000,
        "lag_p99_ms": gallery.lag.get_value_at_percentile(99) / 1000,
        "owner_mib_before": round(memory[0], 1),
        "owner_mib_most": round(max(memory), 1),
        "owner_mib_after": round(memory[-1], 1),
        **cores,
    }
