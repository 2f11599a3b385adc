"""Where and what a performance may be: the house, a hall in use, a plan of it, a production in use."""

from __future__ import annotations

from dataclasses import dataclass

from services.catalogue.domain.hall import usable_hall
from services.catalogue.domain.house import House
from services.catalogue.domain.performance import PlanFacts
from services.catalogue.domain.production import Production
from services.catalogue.domain.refusals import ProductionArchived, ProductionNotFound, SeatingPlanNotFound
from services.catalogue.domain.seating_plan import MAX_PLAN_VERSION
from services.catalogue.ports.transaction import CatalogueTransaction
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class PerformancePlace:
    """Where and what: the hall's plan (version 0 is the latest) and the production."""

    house_id: str
    hall_id: str
    plan_version: int
    production_id: str


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place as it is in the record, in use all of it."""

    house: House
    plan: PlanFacts
    production: Production


async def usable_place(transaction: CatalogueTransaction, place: PerformancePlace) -> FoundPlace | Refusal:
    """Refusals: House-, Hall-, SeatingPlan-, ProductionNotFound, HallArchived, ProductionArchived."""
    house = await transaction.house(place.house_id)
    if house is None:
        return HouseNotFound(place.house_id)
    hall = usable_hall(place.hall_id, await transaction.halls.hall(place.house_id, place.hall_id))
    if isinstance(hall, Refusal):
        return hall
    plan = None
    if place.plan_version <= MAX_PLAN_VERSION:
        plan = await transaction.plan_facts(place.house_id, place.hall_id, place.plan_version)
    if plan is None:
        return SeatingPlanNotFound(place.hall_id, place.plan_version)
    production = await usable_production(transaction, place.house_id, place.production_id)
    return production if isinstance(production, Refusal) else FoundPlace(house, plan, production)


async def usable_production(
    transaction: CatalogueTransaction, house_id: str, production_id: str
) -> Production | Refusal:
    """Refusals: ProductionNotFound, ProductionArchived."""
    production = await transaction.productions.pin(house_id, production_id)
    if production is None:
        return ProductionNotFound(production_id)
    return production if production.archived_at_ms is None else ProductionArchived(production_id)
