"""balcon.audit.v1.AuditService for the inventory: the record against itself, and against the owners' memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import grpc
from balcon.audit.v1.audit_service_pb2 import AuditRequest, AuditResponse, Check, Fact, SeatInRecord
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceServicer

from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.api.messages import check_key
from services.inventory.ports import CheckResult, RecordAudit, RecordedSeat


class AuditServicer(AuditServiceServicer):
    """For operators: over all houses."""

    def __init__(self, audit: RecordAudit, host: PerformanceHost) -> None:
        self._audit = audit
        self._host = host

    async def Audit(  # noqa: N802 (gRPC's name)
        self, request: AuditRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[AuditResponse]:
        """FieldInvalid."""
        if request.performance_id:
            check_key("performance_id", request.performance_id)
        checks = [*await self._audit.checks(request.performance_id), await self._card_deck(request.performance_id)]
        yield AuditResponse(checks=[_check(check) for check in checks])
        async for page in self._audit.seats(request.performance_id):
            yield AuditResponse(facts=[Fact(seat=_fact(seat)) for seat in page])

    async def _card_deck(self, performance_id: str) -> CheckResult:
        """INV-5 for the performances this node owns. A turn may fall between the two looks: only what stays counts."""
        actors = [actor for actor in self._host.actors if performance_id in {"", actor.performance.performance_id}]
        before = {actor: _looked_at(actor) for actor in actors}
        recorded = await self._audit.counts([actor.performance.performance_id for actor in actors])
        violations = []
        for actor, (counted, settled) in before.items():
            if actor.is_active and settled is not None and _looked_at(actor) == (counted, settled):
                violations += _deck_violations(actor, counted, recorded[actor.performance.performance_id])
        return CheckResult("INV-5", "seat states sum to capacity and equal the record", len(actors), violations)


def _looked_at(actor: PerformanceActor) -> tuple[tuple[int, ...], int | None]:
    """Seats by state, and how many batches the record had acknowledged then (None: one is under way)."""
    return actor.seat_map.counts(), actor.records_settled


def _deck_violations(actor: PerformanceActor, counted: Sequence[int], recorded: Mapping[str, int]) -> list[str]:
    name = f"performance {actor.performance.performance_id}"
    free, held, claimed, sold, blocked = counted
    violations = []
    if free + held + claimed + sold + blocked != actor.seat_map.capacity:
        violations.append(f"{name}: states sum to {sum(counted)}, capacity {actor.seat_map.capacity}")
    held_by_holds = sum(len(hold.seats) for hold in actor.seat_map.holds.values())
    if held_by_holds != held:
        violations.append(f"{name}: {held} seats held, holds have {held_by_holds}")
    if (recorded.get("claimed", 0), recorded.get("sold", 0)) != (claimed, sold):
        violations.append(f"{name}: memory has {claimed} claimed {sold} sold, record {dict(recorded)}")
    return violations


def _check(check: CheckResult) -> Check:
    return Check(invariant=check.invariant, name=check.name, examined=check.examined, violations=check.violations)


def _fact(seat: RecordedSeat) -> SeatInRecord:
    return SeatInRecord(
        performance_id=seat.performance_id, seat_id=seat.seat_id, order_id=seat.order_id, sold=seat.sold
    )
