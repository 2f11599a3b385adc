"""Starts ticketing: picks the adapters and wires them. Nothing else does."""

from __future__ import annotations

from balcon.ticketing.v1.ticketing_service_pb2_grpc import add_TicketingServiceServicer_to_server

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.operator_looks import tell_looks
from services.contracts.walled_audit import WalledAudit
from services.runtime.bus.topics import ORDERS
from services.runtime.seal import Seal
from services.runtime.service import Service, run_service
from services.ticketing.adapters.ed25519_signer import Ed25519Signer
from services.ticketing.adapters.order_events import OrderEvents
from services.ticketing.adapters.postgres_audit import PostgresAudit
from services.ticketing.adapters.postgres_ticketing import PostgresTicketing
from services.ticketing.api.ticketing_servicer import Handlers, TicketingServicer
from services.ticketing.domain.signing_key import RotationRule
from services.ticketing.handlers.code_checks import CodeCheckHandler
from services.ticketing.handlers.order_tickets import OrderTicketHandler
from services.ticketing.handlers.signing_keys import KeyRing
from services.ticketing.settings import TicketingSettings

GROUP = "ticketing"
_HOUR_MS = 3_600_000


async def build(service: Service, settings: TicketingSettings) -> None:
    """Opens the store and the bus, serves, and keeps relay and keys going. The bus may be down: events wait."""
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    store = PostgresTicketing(engine, clock=service.clock, ids=service.ids, wake=relay.wake)
    signer = Ed25519Signer(Seal(settings.secrets(), owner="ticketing"))
    keys = KeyRing(store, signer, service.clock, rule=_rule(settings), look_seconds=settings.signing_key_look_seconds)
    service.background("signing keys", keys.run)
    handlers = Handlers(
        keys=keys,
        order_tickets=OrderTicketHandler(store, keys, service.ids),
        code_checks=CodeCheckHandler(store, keys),
    )
    servicer = TicketingServicer(handlers)
    service.rpc.add(
        lambda server: add_TicketingServiceServicer_to_server(servicer, server), "balcon.ticketing.v1.TicketingService"
    )
    consumer = service.consume(
        engine, bus, group=GROUP, topics=[ORDERS], handler=OrderEvents(service.clock, service.ids)
    )
    consumer.when_applied(relay.wake)
    serve_audit(service.rpc, WalledAudit(PostgresAudit(engine), engine))


def _rule(settings: TicketingSettings) -> RotationRule:
    return RotationRule(
        sign_ms=settings.signing_key_days * 24 * _HOUR_MS,
        announce_ms=settings.signing_key_announce_hours * _HOUR_MS,
        check_ms=settings.signing_key_check_days * 24 * _HOUR_MS,
    )


def main() -> None:
    """Runs the service until SIGTERM."""
    settings = TicketingSettings()
    run_service("ticketing", settings, lambda service: build(service, settings), roles_with)


if __name__ == "__main__":
    main()
