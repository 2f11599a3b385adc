"""Starts reporting; `python -m services.reporting.main rebuild` builds the read model anew. It picks the adapters."""

from __future__ import annotations

import asyncio
import sys
from functools import partial

from balcon.reporting.v1.reporting_service_pb2_grpc import add_ReportingServiceServicer_to_server

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.operator_looks import tell_looks
from services.contracts.walled_audit import WalledAudit
from services.reporting.adapters.event_intake import EventIntake
from services.reporting.adapters.postgres_generations import PostgresGenerations
from services.reporting.adapters.postgres_read_model_audit import PostgresReadModelAudit
from services.reporting.adapters.postgres_totals_reader import PostgresTotalsReader
from services.reporting.adapters.writing_transaction import purge_keys
from services.reporting.api.reporting_servicer import ReportingServicer
from services.reporting.handlers.follow import follow
from services.reporting.handlers.project import project
from services.reporting.handlers.rebuild import rebuild
from services.reporting.settings import ReportingSettings
from services.runtime.bus.factory import open_bus
from services.runtime.bus.topics import TOPICS
from services.runtime.clock import SystemClock
from services.runtime.errors import Fault
from services.runtime.ids import RandomIds
from services.runtime.outbox.bus_servicer import serve_bus
from services.runtime.service import Service, run_service
from services.runtime.sql.engine import create_engine
from services.runtime.telemetry.logging import configure_logging, get_logger
from services.runtime.work.purge import purge

_HOUR_MS = 3_600_000


async def build(service: Service, settings: ReportingSettings) -> None:
    """Opens database and bus, serves totals and the audit, follows the events."""
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    generations = PostgresGenerations(engine)
    intake = EventIntake(bus, engine, service.clock, project)

    async def follow_events() -> None:
        await bus.create_topics(TOPICS)
        await follow(generations, intake.fill, service.clock)

    totals = ReportingServicer(PostgresTotalsReader(engine))
    service.rpc.add(
        lambda server: add_ReportingServiceServicer_to_server(totals, server), "balcon.reporting.v1.ReportingService"
    )
    serve_audit(service.rpc, WalledAudit(PostgresReadModelAudit(engine), engine))
    serve_bus(service.rpc, lambda: intake.consumers)
    service.background("follow_events", follow_events)
    keep_ms = settings.request_key_hours * _HOUR_MS
    service.background("key_purge", lambda: purge(partial(purge_keys, engine), service.clock, keep_ms=keep_ms))


async def rebuild_read_model(settings: ReportingSettings) -> int:
    """Builds the read model anew beside the one that is served, then serves it. Returns its generation."""
    clock = SystemClock()
    engine = create_engine(
        settings.database_url.get_secret_value(),
        application="reporting-rebuild",
        may_bypass=settings.database_role_may_bypass_row_security,
    )
    bus = open_bus(settings.bus_url.get_secret_value(), clock=clock, ids=RandomIds(), client_id="reporting-rebuild")
    try:
        intake = EventIntake(bus, engine, clock, project)
        return await rebuild(PostgresGenerations(engine), intake, clock, settings.rebuild_timeout_seconds)
    finally:
        await bus.close()
        await engine.dispose()


def main() -> None:
    """The service, or with the argument `rebuild` one rebuild: status 1 when it fails. 2 for another argument."""
    match sys.argv[1:]:
        case []:
            settings = ReportingSettings()
            run_service("reporting", settings, lambda service: build(service, settings), roles_with)
        case ["rebuild"]:
            settings = ReportingSettings()
            configure_logging("reporting", settings.log_level)
            try:
                generation = asyncio.run(rebuild_read_model(settings))
            except Fault as error:
                get_logger("rebuild").error("read_model_not_rebuilt", error=type(error).__name__, message=str(error))
                sys.exit(1)
            get_logger("rebuild").info("read_model_rebuilt", generation=generation)
        case _:
            sys.stderr.write("usage: python -m services.reporting.main [rebuild]\n")
            sys.exit(2)


if __name__ == "__main__":
    main()
