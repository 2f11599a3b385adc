"""The SeatOwners of the inventory, over gRPC: any of its nodes passes the question on to the owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import grpc
from balcon.inventory.v1.inventory_service_pb2 import AdoptPlanRequest, PerformanceKey
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub

from services.catalogue.ports.seat_owners import OwnerUnanswered
from services.contracts.plan_changes import PlanInUse, PlanNotNewer
from services.contracts.reasons import Reason
from services.runtime.call_context import own_account
from services.runtime.rpc.errors import refusal_of

if TYPE_CHECKING:
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

# The owner decides what waits, fetches the plan and writes it down.
TIMEOUT_SECONDS = 30.0


class GrpcSeatOwners:
    """See SeatOwners. Asks on the catalogue's own account: who asks the catalogue may change plans and no seats."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: InventoryServiceAsyncStub = InventoryServiceStub(channel)

    async def adopt_plan(
        self, house_id: str, performance_id: str, plan_version: int, changed: Sequence[str]
    ) -> PlanInUse | PlanNotNewer | None:
        request = AdoptPlanRequest(
            key=PerformanceKey(house_id=house_id, performance_id=performance_id),
            plan_version=plan_version,
            changed_seat_ids=changed,
        )
        try:
            with own_account():
                answer = await self._stub.AdoptPlan(request, timeout=TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            if refusal is not None and refusal.reason == Reason.PLAN_NOT_NEWER:
                return PlanNotNewer(int(refusal.facts["plan_version"]), plan_version)
            raise OwnerUnanswered(performance_id=performance_id) from error
        if not answer.HasField("in_the_way"):
            return None
        taken = answer.in_the_way
        return PlanInUse(
            plan_version,
            tuple(taken.held),
            tuple(taken.claimed),
            tuple(taken.sold),
            tuple(taken.blocked),
            tuple(taken.reserved),
            tuple(taken.allotted),
        )
