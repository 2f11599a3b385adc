"""Starts trackers: picks the adapters and wires them. Nothing else does."""

from __future__ import annotations

from balcon.trackers.v1.trackers_service_pb2_grpc import add_TrackersServiceServicer_to_server
from balcon.trackers.v1.visits_service_pb2_grpc import add_VisitsServiceServicer_to_server
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.checked_record import CheckedRecord
from services.contracts.operator_looks import tell_looks
from services.contracts.outbound_servicer import serve_outbound
from services.contracts.walled_audit import WalledAudit
from services.integrations.trackers.adapters.audit_checks import CHECKS
from services.integrations.trackers.adapters.conversions_carrier import Companies, ConversionsCarrier
from services.integrations.trackers.adapters.google_conversions import GoogleConversions
from services.integrations.trackers.adapters.google_tokens import GoogleTokens
from services.integrations.trackers.adapters.grpc_catalogue import GrpcCatalogue
from services.integrations.trackers.adapters.grpc_people import GrpcPeople
from services.integrations.trackers.adapters.heard_events import HeardEvents
from services.integrations.trackers.adapters.meta_conversions import MetaConversions
from services.integrations.trackers.adapters.order_intake import OrderIntake, forget_orders
from services.integrations.trackers.adapters.outbound_server_side import OutboundServerSide
from services.integrations.trackers.adapters.postgres_conversion_source import (
    PostgresConversionSource,
    PostgresFollowUps,
)
from services.integrations.trackers.adapters.postgres_trackers import PostgresTrackers
from services.integrations.trackers.adapters.postgres_transaction import TransactionTools
from services.integrations.trackers.adapters.x_conversions import XConversions
from services.integrations.trackers.api.trackers_servicer import TrackersServicer
from services.integrations.trackers.api.visits_servicer import VisitsServicer
from services.integrations.trackers.handlers.attachments import AttachmentHandler
from services.integrations.trackers.handlers.checking import CheckHandler
from services.integrations.trackers.handlers.reaching import order_confirmed, step_reached
from services.integrations.trackers.handlers.trackers import TrackerHandler
from services.integrations.trackers.handlers.visits import VisitHandler
from services.integrations.trackers.settings import TrackersSettings
from services.runtime.bus.topics import CATALOGUE, FUNNEL, ORDERS
from services.runtime.outbound.http import OutboundHttp
from services.runtime.outbound.ledger import Ledger
from services.runtime.outbound.outbound import open_outbound
from services.runtime.outbound.queue import PostgresQueue
from services.runtime.rpc.client import open_channel
from services.runtime.seal import Seal
from services.runtime.service import Service, run_service
from services.runtime.work.purge import purge

GROUP = "trackers"
ORDERS_GROUP = "trackers-orders"
_HOUR_MS = 3_600_000
# A visit is forgotten long before: nothing is told of the order any more.
_ORDERS_KEPT_MS = 30 * 24 * _HOUR_MS


async def build(service: Service, settings: TrackersSettings) -> None:
    """Opens the store and the bus, serves, hears of visitors and orders, and keeps the relay going."""
    clock, ids = service.clock, service.ids
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    seal = Seal(settings.secrets(), owner="trackers")
    companies = _companies(service, settings, Ledger(engine, ids))
    carrier = _carrier(service, settings, engine, seal, companies)
    outbound = open_outbound(service, engine, settings, seal=seal, carrier=carrier)
    serve_outbound(service, outbound.desk, relay.wake)
    tools = TransactionTools(
        ids, seal, OutboundServerSide(outbound.queue), keep_ms=settings.visit_keep_hours * _HOUR_MS
    )
    store = PostgresTrackers(engine, clock=clock, tools=tools, wake=relay.wake)
    _serve(service, settings, store, companies)
    heard = HeardEvents(clock, tools, on_step=step_reached, on_sale=order_confirmed)
    service.consume(engine, bus, group=GROUP, topics=[FUNNEL, ORDERS, CATALOGUE], handler=heard, unhurried=True)
    intake = OrderIntake(outbound.queue)
    service.consume(engine, bus, group=ORDERS_GROUP, topics=[ORDERS], batch_handler=intake.take, unhurried=True)
    _forget_by_age(service, settings, store, engine)
    serve_audit(service.rpc, WalledAudit(CheckedRecord(engine, CHECKS), engine))


def _companies(service: Service, settings: TrackersSettings, ledger: Ledger) -> Companies:
    """Each by its own API."""
    clock, ids = service.clock, service.ids

    def http(base_url: str) -> OutboundHttp:
        made = OutboundHttp(base_url, clock)
        service.on_close(made.close)
        return made

    tokens = GoogleTokens(http(settings.google_token_url), settings.google_token_url, clock)
    return Companies(
        MetaConversions(http(settings.meta_url), version=settings.meta_version),
        GoogleConversions(http(settings.google_url), tokens, version=settings.google_version),
        XConversions(http(settings.x_url), settings.x_url, clock, ids, version=settings.x_version),
        ledger,
    )


def _carrier(
    service: Service, settings: TrackersSettings, engine: AsyncEngine, seal: Seal, companies: Companies
) -> ConversionsCarrier:
    """What the server tells the companies, of whom customers know."""
    clock, ids = service.clock, service.ids
    to_customers = open_channel(settings.customers_target, clock, timeout_seconds=settings.call_timeout_seconds)
    service.on_close(to_customers.close)
    source = PostgresConversionSource(
        engine, seal, GrpcPeople(to_customers), clock, keep_ms=settings.visit_keep_hours * _HOUR_MS
    )
    # What follows is due much later: nobody need be woken for it.
    follow_ups = PostgresFollowUps(engine, PostgresQueue(seal, clock, ids, lambda: None))
    return ConversionsCarrier(source, companies, follow_ups, clock)


def _serve(service: Service, settings: TrackersSettings, store: PostgresTrackers, companies: Companies) -> None:
    to_catalogue = open_channel(settings.catalogue_target, service.clock, timeout_seconds=settings.call_timeout_seconds)
    service.on_close(to_catalogue.close)
    catalogue = GrpcCatalogue(to_catalogue)
    trackers = TrackersServicer(
        TrackerHandler(store, service.ids),
        AttachmentHandler(store, catalogue),
        CheckHandler(store, companies, service.ids),
    )
    visits = VisitsServicer(VisitHandler(store, catalogue), service.clock)
    service.rpc.add(
        lambda server: add_TrackersServiceServicer_to_server(trackers, server), "balcon.trackers.v1.TrackersService"
    )
    service.rpc.add(
        lambda server: add_VisitsServiceServicer_to_server(visits, server), "balcon.trackers.v1.VisitsService"
    )


def _forget_by_age(service: Service, settings: TrackersSettings, store: PostgresTrackers, engine: AsyncEngine) -> None:
    keys_ms, visits_ms = settings.request_key_hours * _HOUR_MS, settings.visit_keep_hours * _HOUR_MS
    service.background("key_purge", lambda: purge(store.purge_keys, service.clock, keep_ms=keys_ms))
    service.background("visit_purge", lambda: purge(store.purge_visits, service.clock, keep_ms=visits_ms))
    service.background("order_purge", lambda: purge(forget_orders(engine), service.clock, keep_ms=_ORDERS_KEPT_MS))


def main() -> None:
    """Runs the service until SIGTERM."""
    settings = TrackersSettings()
    run_service("trackers", settings, lambda service: build(service, settings), roles_with)


if __name__ == "__main__":
    main()
