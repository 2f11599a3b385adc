"""Starts reporting; `python -m services.reporting.main rebuild [model]` builds read models anew. Picks the adapters."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

import grpc
from balcon.reporting.v1.dashboards_pb2_grpc import add_DashboardsServiceServicer_to_server
from balcon.reporting.v1.reporting_service_pb2_grpc import add_ReportingServiceServicer_to_server
from balcon.reporting.v1.reports_service_pb2_grpc import add_ReportsServiceServicer_to_server
from balcon.reporting.v1.schedules_pb2_grpc import add_SchedulesServiceServicer_to_server
from balcon.reporting.v1.settlements_pb2_grpc import add_SettlementsServiceServicer_to_server
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.operator_looks import tell_looks
from services.contracts.walled_audit import WalledAudit
from services.reporting.adapters.ed25519_settlement_signer import Ed25519SettlementSigner
from services.reporting.adapters.event_intake import EventIntake
from services.reporting.adapters.grpc_customers import GrpcCustomers
from services.reporting.adapters.grpc_grants import GrpcGrants
from services.reporting.adapters.grpc_house_styles import GrpcHouseStyles
from services.reporting.adapters.grpc_names import GrpcNames
from services.reporting.adapters.grpc_owners import GrpcOwners
from services.reporting.adapters.grpc_shows import GrpcShows
from services.reporting.adapters.postgres_daily_figures import PostgresDailyFigures
from services.reporting.adapters.postgres_figure_marks import PostgresFigureMarks
from services.reporting.adapters.postgres_figures import PostgresFigures
from services.reporting.adapters.postgres_generations import PostgresGenerations
from services.reporting.adapters.postgres_own_dashboards import PostgresOwnDashboards
from services.reporting.adapters.postgres_read_model_audit import PostgresReadModelAudit
from services.reporting.adapters.postgres_schedules import REFERENCES as SCHEDULE_REFERENCES
from services.reporting.adapters.postgres_schedules import PostgresSchedules
from services.reporting.adapters.postgres_settlement_keys import PostgresSettlementKeys
from services.reporting.adapters.postgres_totals_reader import PostgresTotalsReader
from services.reporting.adapters.projections.projection import Projection
from services.reporting.adapters.projections.registry import PROJECTIONS
from services.reporting.adapters.report_jobs import report_tasks
from services.reporting.adapters.settlement_transaction import PostgresSettlementTransaction
from services.reporting.adapters.writing_transaction import WritingStore, purge_keys
from services.reporting.api.dashboards_servicer import DashboardsServicer
from services.reporting.api.report_questions import kept_question
from services.reporting.api.reporting_servicer import ReportingServicer
from services.reporting.api.reports_servicer import ReportsServicer
from services.reporting.api.schedules_servicer import SchedulesServicer
from services.reporting.api.settlements_servicer import SettlementHandlers, SettlementsServicer
from services.reporting.api.stop_pages import stop_app
from services.reporting.domain.report_kinds import ReportKind
from services.reporting.handlers.dashboard_watch import DashboardWatch
from services.reporting.handlers.dashboards import DashboardHandler
from services.reporting.handlers.deals import DealHandler
from services.reporting.handlers.follow import follow
from services.reporting.handlers.granted_settlements import GrantedSettlementHandler
from services.reporting.handlers.house_figures import FigureSources
from services.reporting.handlers.mailed_files import MailedFileMaker
from services.reporting.handlers.own_dashboards import OwnDashboardHandler
from services.reporting.handlers.rebuild import rebuild
from services.reporting.handlers.report_files import ReportFileMaker
from services.reporting.handlers.report_making import ReportMaker
from services.reporting.handlers.report_sending import ReportSender
from services.reporting.handlers.reports.buyers import Buyers
from services.reporting.handlers.reports.registry import TELLERS
from services.reporting.handlers.saved_reports import SavedReportHandler
from services.reporting.handlers.schedule_planner import SchedulePlanner
from services.reporting.handlers.schedules import ScheduleHandler
from services.reporting.handlers.settlement_facts import SettlementFacts
from services.reporting.handlers.settlement_keys import SettlementKeyRing
from services.reporting.handlers.settlement_papers import SettlementPapers
from services.reporting.handlers.settlements import SettlementHandler
from services.reporting.handlers.sights import Sights
from services.reporting.handlers.stop_links import StopLinks
from services.reporting.settings import ReportingSettings
from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import ManagedBus
from services.runtime.bus.topics import TOPICS
from services.runtime.clock import SystemClock
from services.runtime.errors import Fault
from services.runtime.http_server import HttpServer
from services.runtime.ids import RandomIds, seeded_random
from services.runtime.jobs.worker import JobWorker
from services.runtime.mail.posts import post_of
from services.runtime.outbox.relay import OutboxRelay
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.routing import OwnerRouting, split_targets
from services.runtime.seal import Seal
from services.runtime.service import Service, run_service
from services.runtime.signing_keys.rotation import RotationRule
from services.runtime.sql.engine import create_engine
from services.runtime.telemetry.logging import configure_logging, get_logger
from services.runtime.work.purge import purge

_HOUR_MS = 3_600_000
_MAILS_AT_ONCE = 4
_NEIGHBOUR_SECONDS = 3.0

_log = get_logger("rebuild")


async def build(service: Service, settings: ReportingSettings) -> None:
    """Opens database and bus, serves totals and the audit, follows the events."""
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    intakes = [EventIntake(bus, engine, service.clock, projection) for projection in PROJECTIONS.values()]

    for intake in intakes:
        service.background(f"follow_{intake.projection.name}", _following(service, engine, bus, intake))

    totals = ReportingServicer(PostgresTotalsReader(engine), PostgresFigures(engine))
    service.rpc.add(
        lambda server: add_ReportingServiceServicer_to_server(totals, server), "balcon.reporting.v1.ReportingService"
    )
    to_accounts = _asking(service, settings, settings.accounts_target)
    sights, styles = Sights(GrpcGrants(to_accounts)), _styles(service, settings)
    _serve_dashboards(service, settings, engine, sights)
    _serve_settlements(service, settings, engine, relay, to_accounts, sights, styles)
    files = _serve_reports(service, settings, engine, sights, styles)
    serve_audit(service.rpc, WalledAudit(PostgresReadModelAudit(engine), engine, SCHEDULE_REFERENCES))
    service.show_consumers(bus, lambda: [consumer for intake in intakes for consumer in intake.consumers])
    await _serve_schedules(
        service, settings, engine, relay.wake, to_accounts, MailedFileMaker(files, sights, kept_question)
    )
    keep_ms = settings.request_key_hours * _HOUR_MS
    service.background("key_purge", lambda: purge(partial(purge_keys, engine), service.clock, keep_ms=keep_ms))


def _asking(service: Service, settings: ReportingSettings, target: str, *, waits: bool = True) -> grpc.aio.Channel:
    """To a neighbour. One that is not waited for is one that reports do without: they are plain then."""
    seconds = settings.call_timeout_seconds if waits else _NEIGHBOUR_SECONDS
    channel = open_channel(target, service.clock, timeout_seconds=seconds, wait_for_ready=waits)
    service.on_close(channel.close)
    return channel


def _serve_dashboards(service: Service, settings: ReportingSettings, engine: AsyncEngine, sights: Sights) -> None:
    figures, own = PostgresFigures(engine), PostgresOwnDashboards(engine, service.clock)
    sources = FigureSources(figures, PostgresDailyFigures(engine))
    handler = DashboardHandler(sights, sources, own, service.clock)
    dashboards = DashboardsServicer(
        handler,
        OwnDashboardHandler(own, sights, figures, service.ids),
        DashboardWatch(handler, sources, PostgresFigureMarks(engine), service.clock),
    )
    service.rpc.add(
        lambda server: add_DashboardsServiceServicer_to_server(dashboards, server),
        "balcon.reporting.v1.DashboardsService",
    )
    keep_ms = settings.request_key_hours * _HOUR_MS
    service.background("dashboard_key_purge", lambda: purge(own.purge_keys, service.clock, keep_ms=keep_ms))


def _following(
    service: Service, engine: AsyncEngine, bus: ManagedBus, intake: EventIntake
) -> Callable[[], Coroutine[Any, Any, None]]:
    """One loop for each read model: what stops one stops no other."""
    generations = PostgresGenerations(engine, intake.projection)

    async def follow_events() -> None:
        await bus.create_topics(TOPICS)
        await follow(generations, intake.fill, service.clock)

    return follow_events


def _serve_reports(
    service: Service, settings: ReportingSettings, engine: AsyncEngine, sights: Sights, styles: GrpcHouseStyles
) -> ReportFileMaker:
    to_catalogue = _asking(service, settings, settings.catalogue_target, waits=False)
    to_customers = _asking(service, settings, settings.customers_target)
    figures = PostgresFigures(engine)
    tellers = {**TELLERS, ReportKind.CUSTOMERS: Buyers(GrpcCustomers(to_customers))}
    maker = ReportMaker(figures, GrpcNames(to_catalogue), service.clock, tellers)
    files = ReportFileMaker(maker, figures, styles, service.clock)
    reports = ReportsServicer(maker, files, sights, styles)
    service.rpc.add(
        lambda server: add_ReportsServiceServicer_to_server(reports, server), "balcon.reporting.v1.ReportsService"
    )
    return files


def _serve_settlements(
    service: Service,
    settings: ReportingSettings,
    engine: AsyncEngine,
    relay: OutboxRelay,
    to_accounts: grpc.aio.Channel,
    sights: Sights,
    styles: GrpcHouseStyles,
) -> None:
    clock, ids = service.clock, service.ids
    store = WritingStore(PostgresSettlementTransaction, engine, clock=clock, ids=ids, wake=relay.wake)
    signer = Ed25519SettlementSigner(Seal(settings.secrets(), owner="settlements"))
    rule = RotationRule(sign_ms=settings.settlement_key_days * 24 * _HOUR_MS, announce_ms=24 * _HOUR_MS)
    keys = SettlementKeyRing(PostgresSettlementKeys(engine), signer, clock, rule)
    facts = SettlementFacts(PostgresFigures(engine), _shows(service, settings, to_accounts))
    settlements = SettlementHandler(store, facts, keys, signer, ids)
    granted = GrantedSettlementHandler(sights, settlements)
    papers = SettlementPapers(styles, clock)
    servicer = SettlementsServicer(SettlementHandlers(DealHandler(store), settlements, granted, papers))
    service.rpc.add(
        lambda server: add_SettlementsServiceServicer_to_server(servicer, server),
        "balcon.reporting.v1.SettlementsService",
    )


def _styles(service: Service, settings: ReportingSettings) -> GrpcHouseStyles:
    targets = settings.accounts_target, settings.ticketing_target
    return GrpcHouseStyles(*(_asking(service, settings, target, waits=False) for target in targets))


def _shows(service: Service, settings: ReportingSettings, to_accounts: grpc.aio.Channel) -> GrpcShows:
    routes = OwnerRouting(
        split_targets(settings.inventory_target), service.clock, seeded_random(service.clock.now_ms()).random
    )
    service.on_close(routes.close)
    return GrpcShows(
        to_accounts=to_accounts,
        to_catalogue=_asking(service, settings, settings.catalogue_target),
        to_orders=_asking(service, settings, settings.orders_target),
        to_inventory=routes,
        timeout_seconds=settings.call_timeout_seconds,
    )


async def rebuild_read_models(settings: ReportingSettings, projections: Sequence[Projection]) -> None:
    """Builds read models anew beside those that are served, one after the other; each is served once it is there."""
    clock = SystemClock()
    engine = create_engine(
        settings.database_url.get_secret_value(),
        application="reporting-rebuild",
        may_bypass=settings.database_role_may_bypass_row_security,
    )
    bus = open_bus(settings.bus_url.get_secret_value(), clock=clock, ids=RandomIds(), client_id="reporting-rebuild")
    try:
        for projection in projections:
            intake = EventIntake(bus, engine, clock, projection)
            generations = PostgresGenerations(engine, projection)
            generation = await rebuild(generations, intake, clock, settings.rebuild_timeout_seconds)
            _log.info("read_model_rebuilt", model=projection.name, generation=generation)
    finally:
        await bus.close()
        await engine.dispose()


async def _serve_schedules(
    service: Service,
    settings: ReportingSettings,
    engine: AsyncEngine,
    wake: Callable[[], None],
    to_accounts: grpc.aio.Channel,
    maker: MailedFileMaker,
) -> None:
    """Saved reports, their schedules, the mails, and the way for whoever gets them to stop them."""
    clock, ids = service.clock, service.ids
    hands = service.sql(application="reporting mails", pool_size=_MAILS_AT_ONCE)
    store = PostgresSchedules(engine, hands, clock=clock, ids=ids, wake=wake)
    owners = GrpcOwners(to_accounts)
    links = StopLinks(Seal(settings.secrets(), owner="reporting"), settings.public_url)
    schedules = ScheduleHandler(store, owners, ids)
    servicer = SchedulesServicer(SavedReportHandler(store, owners, ids), schedules, links)
    service.rpc.add(
        lambda server: add_SchedulesServiceServicer_to_server(servicer, server), "balcon.reporting.v1.SchedulesService"
    )
    http = HttpServer(
        stop_app(links, schedules),
        host=settings.listen_host,
        port=settings.http_port,
        grace_seconds=settings.drain_seconds,
    )
    await http.start()
    service.on_close(http.stop)
    service.log.info("stop_links_open", http_port=http.port)
    keep_ms = settings.ledger_days * 24 * _HOUR_MS
    sender = ReportSender(store, owners, maker, post_of(settings), links, clock, pages_url=settings.pages_url)
    tasks = report_tasks(sender.send, sender.tell_stopped)
    service.background("report mails", JobWorker(settings.database_url.get_secret_value(), tasks, clock).run)
    service.background("schedules", SchedulePlanner(store, owners, clock, ids).run)
    service.background("ledger_purge", lambda: purge(store.purge_runs, clock, keep_ms=keep_ms))


def _rebuild(projections: Sequence[Projection]) -> None:
    settings = ReportingSettings()
    configure_logging("reporting", settings.log_level)
    try:
        asyncio.run(rebuild_read_models(settings, projections))
    except Fault as error:
        _log.error("read_model_not_rebuilt", error=type(error).__name__, message=str(error))
        sys.exit(1)


def main() -> None:
    """The service, or with `rebuild` one rebuild of all models or of one: status 1 when it fails. 2 for anything else.

    What has no beginning to be built from is in no rebuild.
    """
    rebuildable = {name: each for name, each in PROJECTIONS.items() if not each.forgets}
    match sys.argv[1:]:
        case []:
            settings = ReportingSettings()
            run_service("reporting", settings, lambda service: build(service, settings), roles_with)
        case ["rebuild"]:
            _rebuild(list(rebuildable.values()))
        case ["rebuild", model] if model in rebuildable:
            _rebuild([rebuildable[model]])
        case _:
            sys.stderr.write(f"usage: python -m services.reporting.main [rebuild [{' | '.join(rebuildable)}]]\n")
            sys.exit(2)


if __name__ == "__main__":
    main()
