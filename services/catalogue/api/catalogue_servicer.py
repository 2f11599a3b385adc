"""balcon.catalogue.v1.CatalogueService: hands requests to the handlers, answers with messages or raises Refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import grpc
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceServicer
from google.protobuf.message import Message

from services.catalogue.api.messages import (
    hall_message,
    house_message,
    import_response,
    performance_message,
    production_message,
    terms_of,
)
from services.catalogue.api.plan_parts import PlanParts
from services.catalogue.domain.house import Hall, Production
from services.catalogue.domain.performance import Performance
from services.catalogue.handlers.houses import HouseHandler
from services.catalogue.handlers.once import Asked
from services.catalogue.handlers.performances import PerformanceHandler, PerformancePlace
from services.catalogue.handlers.seating_plans import SeatingPlanHandler
from services.contracts.bounds import MAX_ANSWER_BYTES
from services.runtime.errors import AnswerTooLarge, Refusal
from services.runtime.rpc.errors import Refused

Answer = TypeVar("Answer")
Context = grpc.aio.ServicerContext[Any, Any]
_Once = (
    pb.CreateHouseRequest
    | pb.CreateHallRequest
    | pb.ImportSeatingPlanRequest
    | pb.CreateProductionRequest
    | pb.CreatePerformanceRequest
)


def _answered(answer: Answer | Refusal) -> Answer:
    if isinstance(answer, Refusal):
        raise Refused(answer)
    return answer


def asked_once(request: _Once, response_of: Callable[[Answer], Message]) -> Asked[Answer]:
    """The request as it is remembered. Deterministic, so that a map's order makes no difference."""
    return Asked(
        key=request.idempotency_key,
        act=request.DESCRIPTOR.full_name,
        wire=request.SerializeToString(deterministic=True),
        write=lambda answer: response_of(answer).SerializeToString(deterministic=True),
    )


class CatalogueServicer(CatalogueServiceServicer):
    """Stateless; everything lives in the handlers."""

    def __init__(
        self,
        houses: HouseHandler,
        plans: SeatingPlanHandler[PlanParts],
        performances: PerformanceHandler,
    ) -> None:
        self._houses = houses
        self._plans = plans
        self._performances = performances

    async def CreateHouse(self, request: pb.CreateHouseRequest, context: Context) -> pb.CreateHouseResponse:  # noqa: N802
        house = await self._houses.create_house(
            asked_once(request, lambda house: pb.CreateHouseResponse(house=house_message(house))),
            label=request.label,
            name=request.name,
            time_zone=request.time_zone,
            currency=request.currency,
        )
        return pb.CreateHouseResponse.FromString(_answered(house))

    async def CreateHall(self, request: pb.CreateHallRequest, context: Context) -> pb.CreateHallResponse:  # noqa: N802
        asked: Asked[Hall] = asked_once(request, lambda hall: pb.CreateHallResponse(hall=hall_message(hall)))
        hall = await self._houses.create_hall(asked, request.house_id, name=request.name)
        return pb.CreateHallResponse.FromString(_answered(hall))

    async def ImportSeatingPlan(  # noqa: N802
        self, request: pb.ImportSeatingPlanRequest, context: Context
    ) -> pb.ImportSeatingPlanResponse:
        asked = asked_once(request, import_response)
        imported = await self._plans.import_plan(asked, request.house_id, request.hall_id, request.plan_json)
        return pb.ImportSeatingPlanResponse.FromString(_answered(imported))

    async def GetSeatingPlan(self, request: pb.GetSeatingPlanRequest, context: Context) -> bytes:  # type: ignore[override]  # noqa: N802
        """See the proto. Encoded already: see plan_parts."""
        parts = _answered(await self._plans.plan(request.house_id, request.hall_id, request.plan_version))
        size = sum(map(len, parts))
        if size > MAX_ANSWER_BYTES:
            raise Refused(AnswerTooLarge(size, MAX_ANSWER_BYTES, "StreamSeatingPlan"))
        return b"".join(parts)

    async def StreamSeatingPlan(  # type: ignore[override]  # noqa: N802
        self, request: pb.StreamSeatingPlanRequest, context: Context
    ) -> AsyncIterator[bytes]:
        """See the proto. Encoded already: see plan_parts."""
        for part in _answered(await self._plans.plan(request.house_id, request.hall_id, request.plan_version)):
            yield part

    async def CreateProduction(  # noqa: N802
        self, request: pb.CreateProductionRequest, context: Context
    ) -> pb.CreateProductionResponse:
        asked: Asked[Production] = asked_once(
            request, lambda made: pb.CreateProductionResponse(production=production_message(made))
        )
        production = await self._houses.create_production(
            asked, request.house_id, title=request.title, performer=request.performer
        )
        return pb.CreateProductionResponse.FromString(_answered(production))

    async def CreatePerformance(  # noqa: N802
        self, request: pb.CreatePerformanceRequest, context: Context
    ) -> pb.CreatePerformanceResponse:
        place = PerformancePlace(request.house_id, request.hall_id, request.plan_version, request.production_id)
        asked: Asked[Performance] = asked_once(
            request, lambda made: pb.CreatePerformanceResponse(performance=performance_message(made))
        )
        performance = await self._performances.create(asked, place, terms_of(request))
        return pb.CreatePerformanceResponse.FromString(_answered(performance))

    async def OpenForSale(self, request: pb.OpenForSaleRequest, context: Context) -> pb.OpenForSaleResponse:  # noqa: N802
        performance = await self._performances.open_for_sale(request.house_id, request.performance_id)
        return pb.OpenForSaleResponse(performance=performance_message(_answered(performance)))

    async def CloseSale(self, request: pb.CloseSaleRequest, context: Context) -> pb.CloseSaleResponse:  # noqa: N802
        performance = await self._performances.close_sale(request.house_id, request.performance_id)
        return pb.CloseSaleResponse(performance=performance_message(_answered(performance)))

    async def GetPerformance(self, request: pb.GetPerformanceRequest, context: Context) -> pb.GetPerformanceResponse:  # noqa: N802
        performance = await self._performances.performance(request.house_id, request.performance_id)
        return pb.GetPerformanceResponse(performance=performance_message(_answered(performance)))

    async def ListPerformances(  # noqa: N802
        self, request: pb.ListPerformancesRequest, context: Context
    ) -> pb.ListPerformancesResponse:
        page = _answered(await self._performances.performances(request.house_id, request.page_size, request.page_token))
        return pb.ListPerformancesResponse(
            performances=[performance_message(performance) for performance in page.performances],
            next_page_token=page.next_page_token,
        )
