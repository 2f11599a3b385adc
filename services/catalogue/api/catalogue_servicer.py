"""balcon.catalogue.v1.CatalogueService: the groups of its calls as one servicer."""

from __future__ import annotations

from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceServicer

from services.catalogue.api.hall_calls import HallCalls
from services.catalogue.api.house_calls import HouseCalls
from services.catalogue.api.performance_calls import PerformanceCalls
from services.catalogue.api.performance_copy_calls import PerformanceCopyCalls
from services.catalogue.api.performance_life_calls import PerformanceLifeCalls
from services.catalogue.api.performance_plan_calls import PerformancePlanCalls
from services.catalogue.api.plan_building_calls import PlanBuildingCalls
from services.catalogue.api.plan_calls import PlanCalls
from services.catalogue.api.plan_drawing_calls import PlanDrawingCalls
from services.catalogue.api.plan_parts import PlanParts
from services.catalogue.api.poster_calls import PosterCalls
from services.catalogue.api.price_calls import PriceCalls
from services.catalogue.api.production_calls import ProductionCalls
from services.catalogue.api.shared_plan_calls import SharedPlanCalls
from services.catalogue.handlers.hall_handlers import HallHandlers
from services.catalogue.handlers.houses import HouseHandler
from services.catalogue.handlers.performance_copies import PerformanceCopyHandler
from services.catalogue.handlers.performance_life import PerformanceLifeHandler
from services.catalogue.handlers.performances import PerformanceHandler
from services.catalogue.handlers.posters import PosterHandler
from services.catalogue.handlers.price_sorts import PriceHandlers
from services.catalogue.handlers.productions import ProductionHandler


class CatalogueServicer(  # type: ignore[misc]  # plans are answered encoded: see plan_parts
    HouseCalls,
    HallCalls,
    PlanCalls,
    PlanBuildingCalls,
    SharedPlanCalls,
    PlanDrawingCalls,
    ProductionCalls,
    PosterCalls,
    PerformanceCalls,
    PerformanceLifeCalls,
    PerformancePlanCalls,
    PerformanceCopyCalls,
    PriceCalls,
    CatalogueServiceServicer,
):
    """Hands requests to the handlers, answers with messages or raises Refused."""

    def __init__(
        self,
        *,
        houses: HouseHandler,
        halls: HallHandlers[PlanParts],
        productions: ProductionHandler,
        posters: PosterHandler,
        performances: PerformanceHandler,
        performance_life: PerformanceLifeHandler,
        performance_copies: PerformanceCopyHandler,
        prices: PriceHandlers,
    ) -> None:
        self._houses = houses
        self._halls = halls.halls
        self._plans = halls.plans
        self._building = halls.building
        self._shared = halls.shared
        self._drawings = halls.drawings
        self._performance_plans = halls.of_performances
        self._productions = productions
        self._posters = posters
        self._performances = performances
        self._performance_life = performance_life
        self._performance_copies = performance_copies
        self.take(prices)
