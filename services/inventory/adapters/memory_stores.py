"""In-memory twins of the stores, for tests and simulation. They pass the contract suites of the real ones.

A twin outlives the actors that use it, as a server outlives its clients: give one instance to several nodes.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from services.inventory.adapters.memory_recorded_seats import RecordedSeats, moved, moved_seats
from services.inventory.domain.allotments import Allotment
from services.inventory.domain.changes import RecordChange, apply_to_record
from services.inventory.domain.plan_adoption import SeatMoves
from services.inventory.domain.records import BlockKind, Hold, HoldRules, SeatBlock
from services.inventory.domain.refusals import PerformanceNotFound, SeatingPlanNotFound
from services.inventory.domain.seat_map import ENDED_HOLDS_REMEMBERED
from services.inventory.ports import (
    Availability,
    DueReturn,
    Fenced,
    HoldWrites,
    NodeInfo,
    OpenedHolds,
    OwnedPerformance,
    Owner,
    Performance,
    PerformanceRecord,
    SeatPlan,
    WritesLost,
)
from services.runtime.clock import Clock


@dataclass(slots=True)
class _Holds:
    epoch: int = 0
    batch: int = 0
    holds: dict[str, Hold] = field(default_factory=dict)
    ended: deque[str] = field(default_factory=lambda: deque(maxlen=ENDED_HOLDS_REMEMBERED))


class MemoryHoldStore:
    """See ports.HoldStore."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._performances: dict[str, _Holds] = {}

    async def open(self, performance_id: str, epoch: int) -> OpenedHolds:
        stored = self._performances.setdefault(performance_id, _Holds())
        if epoch < stored.epoch:
            raise Fenced(performance_id=performance_id, epoch=epoch, stored=stored.epoch)
        if epoch > stored.epoch:
            stored.epoch, stored.batch = epoch, 0
        return OpenedHolds(list(stored.holds.values()), self._clock.now_ms(), (), list(stored.ended))

    async def append(self, performance_id: str, epoch: int, batch: int, writes: HoldWrites) -> None:
        stored = self._performances.setdefault(performance_id, _Holds())
        if epoch < stored.epoch:
            raise Fenced(performance_id=performance_id, epoch=epoch)
        if epoch == stored.epoch and batch <= stored.batch:
            return
        if epoch > stored.epoch or batch != stored.batch + 1:
            raise WritesLost(performance_id=performance_id, epoch=epoch, batch=batch)
        for hold in writes.put:
            stored.holds[hold.hold_id] = hold
        for hold_id in writes.ended:
            stored.holds.pop(hold_id, None)
        stored.ended.extend(writes.ended)
        stored.batch = batch

    def lose_everything(self) -> None:
        """FLUSHALL."""
        self._performances.clear()


@dataclass(slots=True)
class _Record:
    owner: Owner
    seats: RecordedSeats = field(default_factory=lambda: RecordedSeats({}, {}, (), {}, {}, {}))
    batch: int = 0
    # 0 until the performance has gone over to another plan.
    plan_version: int = 0


class MemoryRecord:
    """Directory, claims and blocks, which share one database: see ports.Directory, ClaimStore and BlockList."""

    def __init__(self) -> None:
        self._performances: dict[str, _Record] = {}
        self._pins: dict[str, str] = {}

    async def owner_of(self, performance_id: str) -> Owner | None:
        record = self._performances.get(performance_id)
        return None if record is None else record.owner

    async def take(self, performance_id: str, seen_epoch: int, incarnation: str, endpoint: str) -> int | None:
        record = self._performances.get(performance_id)
        if (0 if record is None else record.owner.epoch) != seen_epoch:
            return None
        owner = Owner(incarnation, endpoint, seen_epoch + 1)
        if record is None:
            self._performances[performance_id] = _Record(owner)
        else:
            record.owner, record.batch = owner, 0
        return owner.epoch

    async def release(self, performance_id: str, epoch: int) -> None:
        record = self._performances.get(performance_id)
        if record is not None and record.owner.epoch == epoch:
            record.owner = Owner("", "", epoch)

    async def epochs_of(self, performance_ids: Sequence[str]) -> Mapping[str, int]:
        known = self._performances
        return {name: known[name].owner.epoch for name in performance_ids if name in known}

    async def pins(self) -> Mapping[str, str]:
        return dict(self._pins)

    async def pin(self, performance_id: str, endpoint: str) -> None:
        if endpoint:
            self._pins[performance_id] = endpoint
        else:
            self._pins.pop(performance_id, None)

    async def page(self, after: str, size: int) -> Sequence[OwnedPerformance]:
        names = sorted(name for name in self._performances if name > after)[:size]
        return [OwnedPerformance(name, self._performances[name].owner, self._pins.get(name, "")) for name in names]

    async def load(self, performance_id: str, epoch: int) -> PerformanceRecord:
        record = self._fenced(performance_id, epoch)
        seats = record.seats
        return PerformanceRecord(
            claims=list(seats.claims.values()),
            blocked=sorted(seats.blocks),
            softly_blocked=sorted(seat for seat, block in seats.blocks.items() if block.kind is BlockKind.SOFT),
            given_back=sorted(seats.given_back),
            plan_version=record.plan_version,
            allotments=list(seats.allotments.values()),
            steps=list(seats.steps.values()),
            reservations=list(seats.reservations.values()),
        )

    async def append(self, performance_id: str, epoch: int, batch: int, changes: Sequence[RecordChange]) -> None:
        record = self._fenced(performance_id, epoch)
        if batch <= record.batch:
            return
        if batch != record.batch + 1:
            raise WritesLost(performance_id=performance_id, epoch=epoch, batch=batch)
        seats = record.seats.copy()
        for change in changes:
            apply_to_record(seats, change)
        record.seats, record.batch = seats, batch

    async def blocks(
        self, house_id: str, performance_id: str, kind: BlockKind | None, after: int, size: int
    ) -> Sequence[SeatBlock]:
        """See BlockList."""
        known = self._performances.get(performance_id)
        found = [] if known is None else sorted(known.seats.blocks.values(), key=lambda block: block.seat)
        return [block for block in found if block.seat > after and kind in {None, block.kind}][:size]

    def renumber(self, performance_id: str, epoch: int, plan_version: int, moves: SeatMoves) -> None:
        """The record's side of a change of plan: see MemoryPlans. Raises Fenced."""
        record = self._fenced(performance_id, epoch)
        new = moves.new_index
        claims = {
            order_id: msgspec.structs.replace(claim, seats=tuple(sorted(new[seat] for seat in claim.seats)))
            for order_id, claim in record.seats.claims.items()
        }
        allotments = {key: moved(each, new) for key, each in record.seats.allotments.items()}
        steps = {
            key: msgspec.structs.replace(step, seats=moved_seats(step.seats, new))
            for key, step in record.seats.steps.items()
        }
        reservations = {
            key: msgspec.structs.replace(each, seats=moved_seats(each.seats, new))
            for key, each in record.seats.reservations.items()
        }
        blocks = {
            new[seat]: msgspec.structs.replace(block, seat=new[seat]) for seat, block in record.seats.blocks.items()
        }
        record.seats = RecordedSeats(claims, blocks, record.seats.given_back, allotments, steps, reservations)
        record.owner, record.batch, record.plan_version = Owner("", "", epoch + 1), 0, plan_version

    def due_returns(self, now_ms: int) -> list[tuple[str, Allotment]]:
        """Allotments that are due then, by performance."""
        return [
            (performance_id, allotment)
            for performance_id, record in self._performances.items()
            for allotment in record.seats.allotments.values()
            if allotment.return_pending and allotment.return_due_at_ms <= now_ms
        ]

    def plan_version(self, performance_id: str) -> int:
        """Which plan a performance has gone over to; 0: to none."""
        record = self._performances.get(performance_id)
        return 0 if record is None else record.plan_version

    def _fenced(self, performance_id: str, epoch: int) -> _Record:
        record = self._performances.get(performance_id)
        if record is None or record.owner.epoch != epoch:
            raise Fenced(performance_id=performance_id, epoch=epoch)
        return record


class MemoryLeaseStore:
    """See ports.LeaseStore. Nodes of one test share an instance."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[str, tuple[NodeInfo, int]] = {}

    async def put(self, node: NodeInfo, ttl_ms: int) -> None:
        self._leases[node.incarnation] = (node, self._clock.now_ms() + ttl_ms)

    async def exists(self, incarnation: str) -> bool:
        return any(node.incarnation == incarnation for node in await self.live())

    async def live(self) -> Sequence[NodeInfo]:
        now = self._clock.now_ms()
        return [node for node, until in self._leases.values() if now < until]

    async def drop(self, incarnation: str) -> None:
        self._leases.pop(incarnation, None)


class MemoryMembership:
    """See ports.Membership: nodes of one test share `alive`."""

    def __init__(self, incarnation: str, alive: set[str], endpoint: str = "127.0.0.1:1") -> None:
        self.incarnation = incarnation
        self.endpoint = endpoint
        # Nobody else is seen by default: this node takes what it is asked for.
        self.nodes: Sequence[NodeInfo] = [NodeInfo(incarnation, endpoint)]
        self.pins: Mapping[str, str] = {}
        self._alive = alive
        alive.add(incarnation)

    def is_valid(self) -> bool:
        return self.incarnation in self._alive

    async def is_alive(self, incarnation: str) -> bool:
        return incarnation in self._alive


class MemoryPerformances:
    """See ports.Performances: those it is given."""

    def __init__(self, *performances: Performance) -> None:
        self._performances = {performance.performance_id: performance for performance in performances}

    async def find(self, house_id: str, performance_id: str) -> Performance | PerformanceNotFound:
        found = self._performances.get(performance_id)
        return found if found is not None and found.house_id == house_id else PerformanceNotFound(performance_id)

    async def rules_of(self, performance_ids: Sequence[str]) -> dict[str, HoldRules]:
        return {key: self._performances[key].rules for key in performance_ids if key in self._performances}

    async def house_of(self, performance_id: str) -> str | None:
        found = self._performances.get(performance_id)
        return None if found is None else found.house_id

    def put(self, performance: Performance) -> None:
        """Adds a performance, or changes its rules."""
        self._performances[performance.performance_id] = performance


class MemoryPlans:
    """See ports.HallPlans and ports.PlanStore: the plans that it is given, of one hall."""

    def __init__(self, record: MemoryRecord, performances: MemoryPerformances, *plans: SeatPlan) -> None:
        self._record = record
        self._performances = performances
        self._plans = {plan.plan_version: plan for plan in plans}

    async def with_plan(self, performance: Performance, plan_version: int) -> Performance | SeatingPlanNotFound:
        plan = self._plans.get(plan_version)
        return SeatingPlanNotFound(plan_version) if plan is None else dataclasses.replace(performance, plan=plan)

    async def adopt(self, performance: Performance, epoch: int, plan_version: int, moves: SeatMoves) -> None:
        performance_id = performance.performance_id
        try:
            self._record.renumber(performance_id, epoch, plan_version, moves)
        except Fenced:
            if self._record.plan_version(performance_id) == plan_version:
                return
            raise
        self._performances.put(dataclasses.replace(performance, plan=self._plans[plan_version]))


class MemoryDueReturns:
    """See ports.DueReturns."""

    def __init__(self, record: MemoryRecord, performances: MemoryPerformances, clock: Clock) -> None:
        self._record = record
        self._performances = performances
        self._clock = clock

    async def due(self, after: DueReturn | None, limit: int) -> Sequence[DueReturn]:
        found = []
        for performance_id, each in self._record.due_returns(self._clock.now_ms()):
            house_id = await self._performances.house_of(performance_id) or ""
            found.append(DueReturn(each.return_due_at_ms, performance_id, each.allotment_id, house_id))
        return [due for due in sorted(found) if after is None or due > after][:limit]


class MemoryAvailabilityFeed:
    """See ports.AvailabilityFeed: remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Availability] = []

    async def publish(self, latest: Sequence[Availability]) -> None:
        self.told.extend(latest)
