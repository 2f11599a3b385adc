"""The handlers of halls and of everything that becomes a plan of theirs, for whoever wires them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

from services.catalogue.handlers.halls import HallHandler
from services.catalogue.handlers.performance_plans import PerformancePlanHandler
from services.catalogue.handlers.plan_building import PlanBuildingHandler
from services.catalogue.handlers.plan_cache import Form
from services.catalogue.handlers.plan_drawings import PlanDrawingHandler
from services.catalogue.handlers.seating_plans import SeatingPlanHandler
from services.catalogue.handlers.shared_plans import SharedPlanHandler


@dataclass(frozen=True, slots=True)
class HallHandlers(Generic[Form]):
    """One of each."""

    halls: HallHandler
    plans: SeatingPlanHandler[Form]
    building: PlanBuildingHandler
    shared: SharedPlanHandler
    drawings: PlanDrawingHandler
    of_performances: PerformancePlanHandler
