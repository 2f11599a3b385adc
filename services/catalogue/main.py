"""Starts the catalogue: picks the adapters and wires them. Nothing else does."""

from __future__ import annotations

from balcon.catalogue.v1.catalogue_service_pb2_grpc import add_CatalogueServiceServicer_to_server
from sqlalchemy.ext.asyncio import AsyncEngine

from services.catalogue.adapters.audit_checks import CHECKS
from services.catalogue.adapters.drawing_request_rows import PostgresDrawingQueue
from services.catalogue.adapters.grpc_houses import GrpcHouses
from services.catalogue.adapters.grpc_seat_owners import GrpcSeatOwners
from services.catalogue.adapters.house_events import GROUP, copy_house
from services.catalogue.adapters.house_rows import PostgresHouseCopies
from services.catalogue.adapters.packaged_plans import packaged_plans
from services.catalogue.adapters.pillow_poster_maker import PillowPosterMaker
from services.catalogue.adapters.postgres_catalogue import PostgresCatalogue
from services.catalogue.adapters.shared_plan_rows import PostgresSharedPlans
from services.catalogue.adapters.vat_rates import country_rates
from services.catalogue.api.catalogue_servicer import CatalogueServicer
from services.catalogue.api.events import outgoing_event
from services.catalogue.api.plan_parts import plan_parts
from services.catalogue.handlers.hall_handlers import HallHandlers
from services.catalogue.handlers.halls import HallHandler
from services.catalogue.handlers.houses import HouseHandler
from services.catalogue.handlers.performance_copies import PerformanceCopyHandler
from services.catalogue.handlers.performance_life import PerformanceLifeHandler
from services.catalogue.handlers.performance_plans import PerformancePlanHandler
from services.catalogue.handlers.performances import PerformanceHandler
from services.catalogue.handlers.plan_building import PlanBuildingHandler
from services.catalogue.handlers.plan_cache import PlanCache
from services.catalogue.handlers.plan_drawings import PlanDrawingHandler
from services.catalogue.handlers.plan_intake import PlanIntake
from services.catalogue.handlers.posters import PosterHandler
from services.catalogue.handlers.price_sorts import price_handlers
from services.catalogue.handlers.productions import ProductionHandler
from services.catalogue.handlers.seating_plans import SeatingPlanHandler
from services.catalogue.handlers.shared_plans import SharedPlanHandler
from services.catalogue.settings import CatalogueSettings
from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.checked_record import CheckedRecord
from services.contracts.operator_looks import tell_looks
from services.contracts.walled_audit import WalledAudit
from services.runtime.bus.port import ManagedBus
from services.runtime.bus.topics import ACCOUNTS, TOPICS
from services.runtime.outbox.state_consumer import StateConsumer
from services.runtime.rpc.client import open_channel
from services.runtime.service import Service, run_service
from services.runtime.work.purge import purge


async def build(service: Service, settings: CatalogueSettings) -> None:
    """Opens the store and the bus, serves, and keeps the relay running. The bus may be down: events wait."""
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    accounts = open_channel(settings.accounts_target, service.clock)
    service.on_close(accounts.close)
    inventory = open_channel(settings.inventory_target, service.clock)
    service.on_close(inventory.close)
    store = PostgresCatalogue(
        engine,
        clock=service.clock,
        ids=service.ids,
        message_of=outgoing_event,
        wake=relay.wake,
        houses=GrpcHouses(accounts),
    )
    _follow_houses(service, engine, bus)
    keep_ms = settings.request_key_hours * 3_600_000
    service.background("key_purge", lambda: purge(store.purge_keys, service.clock, keep_ms=keep_ms))
    intake, pictures = PlanIntake(), PillowPosterMaker()
    shared = SharedPlanHandler(store, PostgresSharedPlans(engine), intake, service.clock, service.ids)
    service.background("packaged_plans", lambda: shared.publish_packaged(packaged_plans()))
    plans_of_performances = PerformancePlanHandler(store, GrpcSeatOwners(inventory), service.clock)
    service.background("plan_changes", plans_of_performances.finish)
    catalogue = CatalogueServicer(
        houses=HouseHandler(PostgresHouseCopies(engine)),
        halls=HallHandlers(
            halls=HallHandler(store, service.clock, service.ids),
            plans=SeatingPlanHandler(store, intake, PlanCache(settings.plan_cache_seats), plan_parts),
            building=PlanBuildingHandler(store, intake),
            shared=shared,
            drawings=PlanDrawingHandler(
                store, PostgresDrawingQueue(engine), intake, pictures, service.clock, service.ids
            ),
            of_performances=plans_of_performances,
        ),
        productions=ProductionHandler(store, service.clock, service.ids),
        performances=PerformanceHandler(store, service.clock, service.ids),
        performance_life=PerformanceLifeHandler(store, service.clock),
        performance_copies=PerformanceCopyHandler(store, service.clock, service.ids),
        prices=price_handlers(store, service.clock, service.ids, country_rates()),
        posters=PosterHandler(store, pictures),
    )
    service.rpc.add(
        lambda server: add_CatalogueServiceServicer_to_server(catalogue, server), "balcon.catalogue.v1.CatalogueService"
    )
    serve_audit(service.rpc, WalledAudit(CheckedRecord(engine, CHECKS, by_performance=True), engine))


def _follow_houses(service: Service, engine: AsyncEngine, bus: ManagedBus) -> None:
    """Keeps the copies of houses true, from the time when the bus is there."""
    states = StateConsumer(bus, engine, group=GROUP, topics=[ACCOUNTS], handler=copy_house, clock=service.clock)

    async def follow() -> None:
        await bus.create_topics(TOPICS)
        await states.run()

    service.show_consumers(bus, lambda: [states])
    service.background("houses", follow)


def main() -> None:
    """Runs the service until SIGTERM."""
    settings = CatalogueSettings()
    run_service("catalogue", settings, lambda service: build(service, settings), roles_with)


if __name__ == "__main__":
    main()
