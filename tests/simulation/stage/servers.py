"""The servers that outlive every process: the hold store with its failovers, leases, the record, and their clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from services.inventory.adapters.memory_stores import MemoryHoldStore, MemoryLeaseStore, MemoryRecord
from services.inventory.domain.changes import RecordChange
from services.inventory.ports import HoldWrites, OpenedHolds, PerformanceRecord, StoreUnavailable
from services.runtime.clock import Clock
from tests.simulation.orders.faults import Call, Tap
from tests.simulation.stage.acknowledged import Acknowledged
from tests.simulation.stage.network import Network

REDIS, POSTGRES = "redis", "postgres"


class SteppedClock:
    """A wall clock that somebody sets. Durations are not touched by it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset_ms = 0
        self.highest_offset_ms = 0
        self.was_set = False
        self.behind_seconds = 0.0

    def step(self, by_ms: int) -> None:
        """Sets the wall clock."""
        self.was_set = True
        self.offset_ms += by_ms
        self.highest_offset_ms = max(self.highest_offset_ms, self.offset_ms)

    def now_ms(self) -> int:
        """See Clock.now_ms."""
        return self._clock.now_ms() + self.offset_ms

    def monotonic(self) -> float:
        """See Clock.monotonic."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See Clock.sleep."""
        await self._clock.sleep(seconds)


class HoldServer:
    """A master and its replica: a failover forgets the last acknowledged writes, and some nodes do not hear of it."""

    def __init__(self, clock: Clock, make: Callable[[Clock], MemoryHoldStore]) -> None:
        self._clock = clock
        self._make = make
        self._master = make(clock)
        self._writes: list[tuple[str, int, int, HoldWrites | None]] = []
        self._old_master: MemoryHoldStore | None = None
        self._behind: set[str] = set()
        # Hears of everything that is acknowledged.
        self.witness: Acknowledged | None = None

    def of(self, node: str) -> HoldClient:
        """The store as the node of that name reaches it."""
        return HoldClient(self, node)

    async def open(self, node: str, performance_id: str, epoch: int) -> OpenedHolds:
        """See HoldStore."""
        if self._old_master is not None and node in self._behind:
            opened, ended = await self._old_master.open(performance_id, epoch), set[str]()
        else:
            opened, ended = await self._master.open(performance_id, epoch), self._ended(performance_id)
            self._writes.append((performance_id, epoch, 0, None))
        if self.witness is not None:
            self.witness.opened(performance_id, epoch, opened.holds, ended)
        return opened

    def _ended(self, performance_id: str) -> set[str]:
        """Holds of which the store has acknowledged the end, and has not forgotten it since."""
        return {
            hold_id
            for name, _, _, writes in self._writes
            if name == performance_id and writes is not None
            for hold_id in writes.ended
        }

    async def append(self, node: str, performance_id: str, epoch: int, batch: int, writes: HoldWrites) -> None:
        """See HoldStore."""
        if self._old_master is not None and node in self._behind:
            await self._old_master.append(performance_id, epoch, batch, writes)
        else:
            await self._master.append(performance_id, epoch, batch, writes)
            self._writes.append((performance_id, epoch, batch, writes))
        if self.witness is not None:
            self.witness.held(performance_id, epoch, batch, writes)

    async def fail_over(self, forgotten: int, behind: set[str]) -> None:
        """The replica takes over without the last `forgotten` writes. Nodes `behind` go on at the old master."""
        self._writes = self._writes[: max(0, len(self._writes) - forgotten)]
        self._old_master, self._behind = self._master, behind
        self._master = self._make(self._clock)
        for performance_id, epoch, batch, writes in self._writes:
            if writes is None:
                await self._master.open(performance_id, epoch)
            else:
                await self._master.append(performance_id, epoch, batch, writes)

    @property
    def has_old_master(self) -> bool:
        """Whether some nodes still write to it."""
        return self._old_master is not None

    def join_up(self) -> None:
        """Every node hears of the failover; what the old master took since is gone."""
        self._old_master, self._behind = None, set()

    def lose_everything(self) -> None:
        """FLUSHALL."""
        self._writes.clear()
        self._master.lose_everything()

    async def holds(self, performance_id: str, epoch: int) -> OpenedHolds:
        """What a new owner would find; for the auditor."""
        return await self._master.open(performance_id, epoch)


class HoldClient:
    """See HoldStore: one node's connection."""

    def __init__(self, server: HoldServer, node: str) -> None:
        self._server = server
        self._node = node

    async def open(self, performance_id: str, epoch: int) -> OpenedHolds:
        """See HoldStore."""
        return await self._server.open(self._node, performance_id, epoch)

    async def append(self, performance_id: str, epoch: int, batch: int, writes: HoldWrites) -> None:
        """See HoldStore."""
        await self._server.append(self._node, performance_id, epoch, batch, writes)


class WatchedRecord:
    """Which epochs were minted, how often a performance changed hands without a release, and what was acknowledged."""

    def __init__(self, record: MemoryRecord) -> None:
        self._record = record
        self.minted: dict[str, list[int]] = {}
        self.takeovers = 0
        self.witness: Acknowledged | None = None

    async def load(self, performance_id: str, epoch: int) -> PerformanceRecord:
        """See ClaimStore."""
        record = await self._record.load(performance_id, epoch)
        if self.witness is not None:
            self.witness.loaded(performance_id, epoch, record)
        return record

    async def append(self, performance_id: str, epoch: int, batch: int, changes: Sequence[RecordChange]) -> None:
        """See ClaimStore."""
        await self._record.append(performance_id, epoch, batch, changes)
        if self.witness is not None:
            self.witness.recorded(performance_id, epoch, batch, changes)

    async def take(self, performance_id: str, seen_epoch: int, incarnation: str, endpoint: str) -> int | None:
        """See Directory."""
        before = await self._record.owner_of(performance_id)
        epoch = await self._record.take(performance_id, seen_epoch, incarnation, endpoint)
        if epoch is not None:
            self.minted.setdefault(performance_id, []).append(epoch)
            self.takeovers += before is not None and before.incarnation not in {"", incarnation}
        return epoch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._record, name)

    def epoch(self, performance_id: str) -> int:
        """The highest minted."""
        return max(self.minted.get(performance_id, [0]))


class Servers:
    """All of them, shared by the nodes of one world."""

    def __init__(
        self,
        clock: Clock,
        *,
        hold_store: Callable[[Clock], MemoryHoldStore] = MemoryHoldStore,
        record: Callable[[], MemoryRecord] = MemoryRecord,
    ) -> None:
        self.clock = SteppedClock(clock)
        self.holds = HoldServer(self.clock, hold_store)
        self.leases = MemoryLeaseStore(self.clock)
        self.record = WatchedRecord(record())

    def tell(self, witness: Acknowledged) -> None:
        """From now on."""
        self.holds.witness = self.record.witness = witness


def link(network: Network, node: str, server: str, time: SteppedClock) -> Tap:
    """For tapped(): every call goes over the network and raises StoreUnavailable where it gets no answer."""

    async def tap(name: str, call: Call) -> object:
        asked_at = time.monotonic()
        answer = await network.to_store(node, server, name, call, StoreUnavailable)
        if name == "open":
            time.behind_seconds = max(time.behind_seconds, time.monotonic() - asked_at)
        return answer

    return tap
