"""Starts trackers: picks the adapters and wires them. Nothing else does."""

from __future__ import annotations

from balcon.trackers.v1.trackers_service_pb2_grpc import add_TrackersServiceServicer_to_server
from balcon.trackers.v1.visits_service_pb2_grpc import add_VisitsServiceServicer_to_server

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.operator_looks import tell_looks
from services.contracts.outbound_servicer import serve_outbound
from services.contracts.walled_audit import WalledAudit
from services.integrations.trackers.adapters.grpc_catalogue import GrpcCatalogue
from services.integrations.trackers.adapters.heard_events import HeardEvents
from services.integrations.trackers.adapters.outbound_server_side import OutboundServerSide
from services.integrations.trackers.adapters.postgres_audit import PostgresAudit
from services.integrations.trackers.adapters.postgres_trackers import PostgresTrackers
from services.integrations.trackers.adapters.postgres_transaction import TransactionTools
from services.integrations.trackers.api.trackers_servicer import TrackersServicer
from services.integrations.trackers.api.visits_servicer import VisitsServicer
from services.integrations.trackers.handlers.attachments import AttachmentHandler
from services.integrations.trackers.handlers.reaching import order_confirmed, step_reached
from services.integrations.trackers.handlers.trackers import TrackerHandler
from services.integrations.trackers.handlers.visits import VisitHandler
from services.integrations.trackers.settings import TrackersSettings
from services.runtime.bus.topics import CATALOGUE, FUNNEL, ORDERS
from services.runtime.outbound.desk import Desk
from services.runtime.outbound.queue import PostgresQueue
from services.runtime.rpc.client import open_channel
from services.runtime.seal import Seal
from services.runtime.service import Service, run_service
from services.runtime.work.purge import purge

GROUP = "trackers"
_HOUR_MS = 3_600_000


async def build(service: Service, settings: TrackersSettings) -> None:
    """Opens the store and the bus, serves, hears of visitors and orders, and keeps the relay going."""
    clock, ids = service.clock, service.ids
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    serve_outbound(service, Desk(engine, service.clock), relay.wake)
    seal = Seal(settings.secrets(), owner="trackers")
    queue = PostgresQueue(seal, clock, ids, lambda: None)
    tools = TransactionTools(ids, seal, OutboundServerSide(queue), keep_ms=settings.visit_keep_hours * _HOUR_MS)
    store = PostgresTrackers(engine, clock=clock, tools=tools, wake=relay.wake)
    _serve(service, settings, store)
    heard = HeardEvents(clock, tools, on_step=step_reached, on_sale=order_confirmed)
    service.consume(engine, bus, group=GROUP, topics=[FUNNEL, ORDERS, CATALOGUE], handler=heard)
    _forget_by_age(service, settings, store)
    serve_audit(service.rpc, WalledAudit(PostgresAudit(engine), engine))


def _serve(service: Service, settings: TrackersSettings, store: PostgresTrackers) -> None:
    to_catalogue = open_channel(settings.catalogue_target, service.clock, timeout_seconds=settings.call_timeout_seconds)
    service.on_close(to_catalogue.close)
    catalogue = GrpcCatalogue(to_catalogue)
    trackers = TrackersServicer(TrackerHandler(store, service.ids), AttachmentHandler(store, catalogue))
    visits = VisitsServicer(VisitHandler(store, catalogue), service.clock)
    service.rpc.add(
        lambda server: add_TrackersServiceServicer_to_server(trackers, server), "balcon.trackers.v1.TrackersService"
    )
    service.rpc.add(
        lambda server: add_VisitsServiceServicer_to_server(visits, server), "balcon.trackers.v1.VisitsService"
    )


def _forget_by_age(service: Service, settings: TrackersSettings, store: PostgresTrackers) -> None:
    keys_ms, visits_ms = settings.request_key_hours * _HOUR_MS, settings.visit_keep_hours * _HOUR_MS
    service.background("key_purge", lambda: purge(store.purge_keys, service.clock, keep_ms=keys_ms))
    service.background("visit_purge", lambda: purge(store.purge_visits, service.clock, keep_ms=visits_ms))


def main() -> None:
    """Runs the service until SIGTERM."""
    settings = TrackersSettings()
    run_service("trackers", settings, lambda service: build(service, settings), roles_with)


if __name__ == "__main__":
    main()
