"""What an inventory node tells the auditor: the record, and the owners' memory compared with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from balcon.audit.v1.audit_service_pb2 import Fact

from services.contracts.audit import CheckResult
from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.domain.seat_state import BLOCKED, SeatCounts
from services.inventory.ports import SeatRecordAudit

# States that memory and the record count alike.
IN_THE_RECORD = ("claimed", "sold", "reserved", "allotted", "reported_sold")


class NodeAudit:
    """See RecordAudit."""

    def __init__(self, record: SeatRecordAudit, host: PerformanceHost) -> None:
        self._record = record
        self._host = host

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        """The record's own, and INV-5."""
        return [*await self._record.checks(performance_id), await self._card_deck(performance_id)]

    def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """The record's."""
        return self._record.facts(performance_id)

    async def _card_deck(self, performance_id: str) -> CheckResult:
        """INV-5 for the performances this node owns. A turn may fall between the two looks: only what stays counts."""
        actors = [actor for actor in self._host.actors if performance_id in {"", actor.performance.performance_id}]
        before = {actor: _looked_at(actor) for actor in actors}
        recorded = await self._record.counts([actor.performance.performance_id for actor in actors])
        violations = []
        for actor, (counted, settled) in before.items():
            if actor.is_active and settled is not None and _looked_at(actor) == (counted, settled):
                violations += _deck_violations(actor, counted, recorded[actor.performance.performance_id])
        return CheckResult("INV-5", "seat states sum to capacity and equal the record", len(actors), violations)


def _looked_at(actor: PerformanceActor) -> tuple[SeatCounts, int | None]:
    """Seats by state, and how many batches the record had acknowledged then (None: one is under way)."""
    return actor.seat_map.counts(), actor.records_settled


def _deck_violations(actor: PerformanceActor, counted: SeatCounts, recorded: Mapping[str, int]) -> list[str]:
    name = f"performance {actor.performance.performance_id}"
    violations = []
    if counted.capacity != actor.seat_map.capacity:
        violations.append(f"{name}: states sum to {counted.capacity}, capacity {actor.seat_map.capacity}")
    held_by_holds = sum(len(hold.seats) for hold in actor.seat_map.holds.values())
    if held_by_holds != counted.held:
        violations.append(f"{name}: {counted.held} seats held, holds have {held_by_holds}")
    # A soft block stays on a seat that staff have on hold or under claim.
    taken = sum(1 for seat in actor.seat_map.soft_blocks if actor.seat_map.status(seat) != BLOCKED)
    in_memory = {name: getattr(counted, name) for name in IN_THE_RECORD} | {"blocked": counted.blocked + taken}
    if in_memory != {name: recorded.get(name, 0) for name in in_memory}:
        violations.append(f"{name}: memory has {in_memory}, record {dict(recorded)}")
    of_allotments = sum(allotment.size for allotment in actor.seat_map.all_allotments())
    if of_allotments != counted.allotted + counted.reported_sold:
        violations.append(f"{name}: {of_allotments} seats in allotments, {in_memory}")
    return violations
