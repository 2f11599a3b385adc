"""The Allotments over gRPC, asked of whoever owns the performance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import grpc
from balcon.inventory.v1 import allotments_pb2 as wire
from balcon.inventory.v1.allotment_service_pb2 import GetAllotmentRequest, GetAllotmentResponse
from balcon.inventory.v1.allotment_service_pb2_grpc import AllotmentServiceStub
from balcon.inventory.v1.inventory_service_pb2 import PerformanceKey
from balcon.types.v1.seating_pb2 import SeatState

from services.contracts.reasons import Reason
from services.contracts.wire_types import instant_ms
from services.runtime.errors import Refusal
from services.runtime.rpc.routing import OwnerRouting
from services.ticketing.adapters.neighbour_answers import answer_of
from services.ticketing.domain.allotment import Allotment, AllotmentKind
from services.ticketing.domain.refusals import AllotmentNotFound, PerformanceNotFound

_KINDS: Final[Mapping[wire.AllotmentKind.ValueType, AllotmentKind]] = {
    wire.AllotmentKind.Value(f"ALLOTMENT_KIND_{kind.value}"): kind for kind in AllotmentKind
}
_SOLD: Final = SeatState.Value("SEAT_STATE_REPORTED_SOLD")


class GrpcAllotments:
    """See Allotments. `timeout_seconds` bounds a call with all its tries."""

    def __init__(self, routes: OwnerRouting, *, timeout_seconds: float) -> None:
        self._routes = routes
        self._timeout_seconds = timeout_seconds

    async def get(self, house_id: str, performance_id: str, allotment_id: str) -> Allotment | Refusal:
        """See Allotments.get."""
        key = PerformanceKey(house_id=house_id, performance_id=performance_id)
        request = GetAllotmentRequest(key=key, allotment_id=allotment_id)

        async def ask(
            channel: grpc.aio.Channel, seconds: float, metadata: Sequence[tuple[str, str]]
        ) -> GetAllotmentResponse:
            stub = AllotmentServiceStub(channel)
            response: GetAllotmentResponse = await stub.GetAllotment(request, timeout=seconds, metadata=metadata)
            return response

        answer = await answer_of(
            self._routes.call(performance_id, ask, timeout_seconds=self._timeout_seconds),
            {
                Reason.ALLOTMENT_NOT_FOUND: AllotmentNotFound(allotment_id),
                Reason.PERFORMANCE_NOT_FOUND: PerformanceNotFound(performance_id),
            },
        )
        return answer if isinstance(answer, Refusal) else _allotment(answer.allotment)


def _allotment(told: wire.Allotment) -> Allotment:
    seats = list(zip(told.seat_ids, told.seat_states, strict=True))
    return Allotment(
        allotment_id=told.allotment_id,
        performance_id=told.performance_id,
        # A kind of a later release is none that we print for.
        kind=_KINDS.get(told.kind, AllotmentKind.OFFER),
        office_id=told.office_id,
        note=told.note,
        version=told.version,
        plan_version=told.plan_version,
        open_seats=tuple(seat for seat, state in seats if state != _SOLD),
        sold_seats=tuple(seat for seat, state in seats if state == _SOLD),
        returned=told.counts.returned,
        created_at_ms=instant_ms(told.created_at),
        return_due_at_ms=instant_ms(told.return_due_at) if told.HasField("return_due_at") else None,
        closed_at_ms=instant_ms(told.closed_at) if told.HasField("closed_at") else None,
    )
