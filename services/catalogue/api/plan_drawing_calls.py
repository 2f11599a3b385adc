"""balcon.catalogue.v1.CatalogueService, plans that the operator draws."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.drawing_request import DrawingRequest, DrawingState
from services.catalogue.domain.plan_version import PlanFiles
from services.catalogue.handlers.plan_drawings import OpenedDrawing, PlanDrawingHandler
from services.contracts.bounds import PART_BYTES
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import wire_instant
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context

_STATES: Mapping[DrawingState, pb.PlanDrawingState.ValueType] = {
    DrawingState.REQUESTED: pb.PLAN_DRAWING_STATE_REQUESTED,
    DrawingState.IN_WORK: pb.PLAN_DRAWING_STATE_IN_WORK,
    DrawingState.DELIVERED: pb.PLAN_DRAWING_STATE_DELIVERED,
    DrawingState.DECLINED: pb.PLAN_DRAWING_STATE_DECLINED,
}
_OF_WIRE: Mapping[int, DrawingState] = {wire: state for state, wire in _STATES.items()}


class PlanDrawingCalls:
    """Stateless; everything lives in the handlers."""

    _drawings: PlanDrawingHandler

    async def RequestPlanDrawing(  # noqa: N802
        self, request: pb.RequestPlanDrawingRequest, context: Context
    ) -> pb.RequestPlanDrawingResponse:
        asked: Asked[DrawingRequest] = asked_once(
            request, lambda made: pb.RequestPlanDrawingResponse(drawing=_message(made))
        )
        made = await self._drawings.request(asked, request.house_id, request.hall_id, request.notes, request.attachment)
        return pb.RequestPlanDrawingResponse.FromString(answered(made))

    async def ListPlanDrawings(  # noqa: N802
        self, request: pb.ListPlanDrawingsRequest, context: Context
    ) -> pb.ListPlanDrawingsResponse:
        page = answered(await self._drawings.of_house(request.house_id, request.page_size, request.page_token))
        return pb.ListPlanDrawingsResponse(drawings=map(_message, page.requests), next_page_token=page.next_page_token)

    async def GetPlanDrawing(  # noqa: N802
        self, request: pb.GetPlanDrawingRequest, context: Context
    ) -> AsyncIterator[pb.GetPlanDrawingResponse]:
        opened = answered(await self._drawings.get(request.house_id, request.drawing_id))
        yield pb.GetPlanDrawingResponse(drawing=_message(opened.request))
        for part in _parts(opened):
            yield pb.GetPlanDrawingResponse(attachment_part=part)

    async def ListDrawingQueue(  # noqa: N802
        self, request: pb.ListDrawingQueueRequest, context: Context
    ) -> pb.ListDrawingQueueResponse:
        states = [_OF_WIRE.get(state) for state in request.states]
        page = answered(await self._drawings.queue(states, request.page_size, request.page_token))
        drawings = [_message(found) for found in page.requests]
        for drawing in drawings:
            drawing.ClearField("notes")
        return pb.ListDrawingQueueResponse(drawings=drawings, next_page_token=page.next_page_token)

    async def OpenPlanDrawing(  # noqa: N802
        self, request: pb.OpenPlanDrawingRequest, context: Context
    ) -> AsyncIterator[pb.OpenPlanDrawingResponse]:
        opened = answered(await self._drawings.open(request.house_id, request.drawing_id))
        yield pb.OpenPlanDrawingResponse(drawing=_message(opened.request))
        for part in _parts(opened):
            yield pb.OpenPlanDrawingResponse(attachment_part=part)

    async def StartPlanDrawing(  # noqa: N802
        self, request: pb.StartPlanDrawingRequest, context: Context
    ) -> pb.StartPlanDrawingResponse:
        drawing = await self._drawings.start(request.house_id, request.drawing_id)
        return pb.StartPlanDrawingResponse(drawing=_message(answered(drawing)))

    async def DeliverPlanDrawing(  # noqa: N802
        self, request: pb.DeliverPlanDrawingRequest, context: Context
    ) -> pb.DeliverPlanDrawingResponse:
        asked: Asked[DrawingRequest] = asked_once(
            request, lambda done: pb.DeliverPlanDrawingResponse(drawing=_message(done))
        )
        files = PlanFiles(request.plan_json, request.sidecar_json)
        done = await self._drawings.deliver(asked, request.house_id, request.drawing_id, files)
        return pb.DeliverPlanDrawingResponse.FromString(answered(done))

    async def DeclinePlanDrawing(  # noqa: N802
        self, request: pb.DeclinePlanDrawingRequest, context: Context
    ) -> pb.DeclinePlanDrawingResponse:
        drawing = await self._drawings.decline(request.house_id, request.drawing_id, request.reason)
        return pb.DeclinePlanDrawingResponse(drawing=_message(answered(drawing)))


def _parts(opened: OpenedDrawing) -> Iterator[bytes]:
    content = opened.attachment.content if opened.attachment else b""
    return (content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES))


def _message(request: DrawingRequest) -> pb.PlanDrawing:
    return pb.PlanDrawing(
        drawing_id=request.drawing_id,
        house_id=request.house_id,
        hall_id=request.hall_id,
        notes=request.notes,
        attachment_type=request.attachment_type,
        state=_STATES[request.state],
        reason=request.reason,
        plan_version=request.plan_version,
        requested_at=wire_instant(request.requested_at_ms),
        changed_at=wire_instant(request.changed_at_ms),
    )
