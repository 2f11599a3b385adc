"""balcon.catalogue.v1.CatalogueService, plans that are built."""

from __future__ import annotations

from collections.abc import Mapping

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.plan_messages import warning_messages
from services.catalogue.domain.plan_blueprint import (
    BlockPlace,
    BuiltArea,
    PlanBlueprint,
    RowLabels,
    RowRange,
    SeatBlock,
    SeatNumbering,
)
from services.catalogue.handlers.plan_building import PlanBuildingHandler
from services.catalogue.handlers.plan_intake import PlanImported
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context

_ROW_LABELS: Mapping[int, RowLabels] = {
    pb.ROW_LABELS_UNSPECIFIED: RowLabels.NUMBERS,
    pb.ROW_LABELS_NUMBERS: RowLabels.NUMBERS,
    pb.ROW_LABELS_LETTERS: RowLabels.LETTERS,
}
_NUMBERINGS: Mapping[int, SeatNumbering] = {
    pb.SEAT_NUMBERING_UNSPECIFIED: SeatNumbering.LEFT_TO_RIGHT,
    pb.SEAT_NUMBERING_LEFT_TO_RIGHT: SeatNumbering.LEFT_TO_RIGHT,
    pb.SEAT_NUMBERING_RIGHT_TO_LEFT: SeatNumbering.RIGHT_TO_LEFT,
    pb.SEAT_NUMBERING_ODD_LEFT: SeatNumbering.ODD_LEFT,
    pb.SEAT_NUMBERING_ODD_RIGHT: SeatNumbering.ODD_RIGHT,
}


class PlanBuildingCalls:
    """Stateless; everything lives in the handlers."""

    _building: PlanBuildingHandler

    async def BuildSeatingPlan(  # noqa: N802
        self, request: pb.BuildSeatingPlanRequest, context: Context
    ) -> pb.BuildSeatingPlanResponse:
        asked = asked_once(request, _response)
        built = await self._building.build(asked, request.house_id, request.hall_id, _blueprint(request))
        return pb.BuildSeatingPlanResponse.FromString(answered(built))


def _response(built: PlanImported) -> pb.BuildSeatingPlanResponse:
    return pb.BuildSeatingPlanResponse(
        plan_version=built.plan_version, seat_count=built.seat_count, warnings=warning_messages(built)
    )


def _blueprint(request: pb.BuildSeatingPlanRequest) -> PlanBlueprint:
    return PlanBlueprint(
        name=request.name,
        categories=tuple((category.name, category.color) for category in request.categories),
        blocks=tuple(map(_block, request.blocks)),
        standing_areas=tuple(BuiltArea(area.name, area.capacity, area.category) for area in request.standing_areas),
    )


def _block(block: pb.SeatBlock) -> SeatBlock:
    return SeatBlock(
        zone=block.zone,
        rows=block.rows,
        seats_per_row=block.seats_per_row,
        categories=tuple(RowRange(one.category, one.from_row, one.to_row) for one in block.categories),
        row_labels=_ROW_LABELS.get(block.row_labels),
        first_row=block.first_row,
        seat_numbering=_NUMBERINGS.get(block.seat_numbering),
        aisles_after_place=frozenset(block.aisles_after_place),
        aisles_after_row=frozenset(block.aisles_after_row),
        accessible=tuple(map(_place, block.accessible)),
        companion=tuple(map(_place, block.companion)),
        left_out=tuple(map(_place, block.left_out)),
        beside_the_last=block.beside_the_last,
    )


def _place(place: pb.BlockPlace) -> BlockPlace:
    return BlockPlace(place.row, place.place)
