"""Starts mailchimp: picks the adapters and wires them. Nothing else does."""

from __future__ import annotations

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.operator_looks import tell_looks
from services.contracts.outbound_servicer import serve_outbound
from services.contracts.walled_audit import WalledAudit
from services.integrations.mailchimp.adapters.postgres_audit import PostgresAudit
from services.integrations.mailchimp.settings import MailchimpSettings
from services.runtime.outbound.desk import Desk
from services.runtime.service import Service, run_service


async def build(service: Service, settings: MailchimpSettings) -> None:
    """Opens the store and the bus, serves, and keeps the relay going. The bus may be down."""
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    serve_outbound(service, Desk(engine, service.clock), relay.wake)
    serve_audit(service.rpc, WalledAudit(PostgresAudit(engine), engine))


def main() -> None:
    """Runs the service until SIGTERM."""
    settings = MailchimpSettings()
    run_service("mailchimp", settings, lambda service: build(service, settings), roles_with)


if __name__ == "__main__":
    main()
