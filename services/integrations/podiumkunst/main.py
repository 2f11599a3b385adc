"""Starts podiumkunst: picks the adapters and wires them. Nothing else does."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.operator_looks import tell_looks
from services.contracts.outbound_servicer import serve_outbound
from services.contracts.walled_audit import WalledAudit
from services.integrations.podiumkunst.adapters.postgres_audit import PostgresAudit
from services.integrations.podiumkunst.adapters.sales_intake import take_changes, take_states
from services.integrations.podiumkunst.settings import PodiumkunstSettings
from services.runtime.bus.port import ManagedBus
from services.runtime.bus.topics import ALLOTMENTS, AVAILABILITY, ORDERS
from services.runtime.outbound.desk import Desk
from services.runtime.outbox.state_consumer import StateConsumer
from services.runtime.service import Service, run_service

GROUP = "podiumkunst"
SEATS_GROUP = "podiumkunst-seats"


async def build(service: Service, settings: PodiumkunstSettings) -> None:
    """Opens the store and the bus, serves, and keeps the relay going. The bus may be down."""
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    serve_outbound(service, Desk(engine, service.clock), relay.wake)
    _follow_sales(service, engine, bus)
    serve_audit(service.rpc, WalledAudit(PostgresAudit(engine), engine))


def _follow_sales(service: Service, engine: AsyncEngine, bus: ManagedBus) -> None:
    """The read model of sales, of linked performances and all others: a link begins with the whole history (R0.10)."""
    service.consume(engine, bus, group=GROUP, topics=[ORDERS, ALLOTMENTS], batch_handler=take_changes)
    seats = StateConsumer(
        bus, engine, group=SEATS_GROUP, topics=[AVAILABILITY], batch_handler=take_states, clock=service.clock
    )
    service.show_consumers(bus, lambda: [seats])
    service.background(SEATS_GROUP, seats.run)


def main() -> None:
    """Runs the service until SIGTERM."""
    settings = PodiumkunstSettings()
    run_service("podiumkunst", settings, lambda service: build(service, settings), roles_with)


if __name__ == "__main__":
    main()
