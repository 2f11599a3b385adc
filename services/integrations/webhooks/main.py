"""Starts webhooks: picks the adapters and wires them. Nothing else does."""

from __future__ import annotations

from balcon.webhooks.v1.webhooks_service_pb2_grpc import add_WebhooksServiceServicer_to_server
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.checked_record import CheckedRecord
from services.contracts.operator_looks import tell_looks
from services.contracts.outbound_checks import OUTBOUND_CHECKS
from services.contracts.outbound_servicer import serve_outbound
from services.contracts.sql_checks import DENSE_OUTBOX
from services.contracts.walled_audit import WalledAudit
from services.integrations.webhooks.adapters.event_catalogue import CHANGES, LATEST_ONLY, event_types
from services.integrations.webhooks.adapters.event_intake import EventIntake
from services.integrations.webhooks.adapters.grpc_owners import GrpcOwners
from services.integrations.webhooks.adapters.guarded_network import GuardedBackend, GuardedTransport, SystemNames
from services.integrations.webhooks.adapters.postgres_transaction import NOTICE_TASK
from services.integrations.webhooks.adapters.postgres_webhooks import PostgresWebhooks
from services.integrations.webhooks.adapters.webhook_carrier import HTTP_LIMITS, WebhookCarrier
from services.integrations.webhooks.api.webhooks_servicer import WebhooksServicer
from services.integrations.webhooks.domain.target_url import TargetRules
from services.integrations.webhooks.handlers.deliveries import DeliveryHandler
from services.integrations.webhooks.handlers.endpoint_watch import EndpointWatch
from services.integrations.webhooks.handlers.endpoints import EndpointHandler
from services.integrations.webhooks.handlers.notices import NoticeHandler
from services.integrations.webhooks.handlers.targets import Targets
from services.integrations.webhooks.ports.names import Names
from services.integrations.webhooks.settings import WebhooksSettings
from services.runtime.bus.port import ManagedBus
from services.runtime.jobs.job import JobRun, Task
from services.runtime.jobs.worker import JobWorker
from services.runtime.mail.posts import post_of
from services.runtime.outbound.http import OutboundHttp
from services.runtime.outbound.outbound import Outbound, open_outbound
from services.runtime.outbox.state_consumer import StateConsumer
from services.runtime.rpc.client import open_channel
from services.runtime.seal import Seal
from services.runtime.service import Service, run_service
from services.runtime.work.purge import purge

GROUP = "webhooks"
LATEST_GROUP = "webhooks-latest"
_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000
# Never connected to: each question names its own address.
_NOWHERE = "https://invalid."


async def build(service: Service, settings: WebhooksSettings, names: Names | None = None) -> None:
    """Opens the store and the bus, serves, listens and delivers. The bus may be down. `names`: for tests."""
    clock, ids = service.clock, service.ids
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    seal = Seal(settings.secrets(), owner="webhooks")
    rules = TargetRules(loopback=settings.allow_private_targets, ports=settings.ports())
    names = names or _system_names(service)
    store = PostgresWebhooks(engine, clock=clock, ids=ids, seal=seal, wake=relay.wake)
    outbound = _deliver(service, engine, settings, store, names, rules, seal)
    store.put_into(outbound.queue)
    serve_outbound(service, outbound.desk, relay.wake)
    _listen(service, engine, bus, outbound)
    _write_to_owners(service, settings, store)
    _forget_by_age(service, settings, store)
    servicer = WebhooksServicer(
        EndpointHandler(store, Targets(rules, names), ids), DeliveryHandler(store, ids), event_types(), rules, clock
    )
    service.rpc.add(
        lambda server: add_WebhooksServiceServicer_to_server(servicer, server), "balcon.webhooks.v1.WebhooksService"
    )
    serve_audit(service.rpc, WalledAudit(CheckedRecord(engine, (DENSE_OUTBOX, *OUTBOUND_CHECKS)), engine))


def _system_names(service: Service) -> Names:
    names = SystemNames()

    async def close() -> None:
        names.close()

    service.on_close(close)
    return names


def _deliver(
    service: Service,
    engine: AsyncEngine,
    settings: WebhooksSettings,
    store: PostgresWebhooks,
    names: Names,
    rules: TargetRules,
    seal: Seal,
) -> Outbound:
    backend = GuardedBackend(names, loopback=rules.loopback)
    transport = GuardedTransport(backend, connections=HTTP_LIMITS.connections)
    http = OutboundHttp(_NOWHERE, service.clock, limits=HTTP_LIMITS, transport=transport)
    service.on_close(http.close)
    disable_after_ms = settings.disable_after_hours * _HOUR_MS
    watch = EndpointWatch(store, store, service.clock, disable_after_ms=disable_after_ms)
    carrier = WebhookCarrier(http, watch, rules, service.clock, at_once=settings.calls_per_endpoint)
    return open_outbound(service, engine, settings, seal=seal, carrier=carrier)


def _listen(service: Service, engine: AsyncEngine, bus: ManagedBus, outbound: Outbound) -> None:
    intake = EventIntake(outbound.queue, service.clock)
    service.consume(engine, bus, group=GROUP, topics=CHANGES, batch_handler=intake.changes, unhurried=True)
    states = StateConsumer(
        bus,
        engine,
        group=LATEST_GROUP,
        topics=sorted(LATEST_ONLY),
        batch_handler=intake.states,
        clock=service.clock,
    )
    service.show_consumers(bus, lambda: [states])
    service.background(LATEST_GROUP, states.run)


def _write_to_owners(service: Service, settings: WebhooksSettings, store: PostgresWebhooks) -> None:
    to_accounts = open_channel(settings.accounts_target, service.clock)
    service.on_close(to_accounts.close)
    notices = NoticeHandler(store, GrpcOwners(to_accounts), post_of(settings))

    async def run(job: JobRun) -> None:
        told = job.arguments
        at_ms = told["disabled_at_ms"]
        assert isinstance(at_ms, int), "as it was put"
        await notices.send(str(told["house_id"]), str(told["endpoint_id"]), at_ms)

    tasks = {NOTICE_TASK: Task(run, most_attempts=30)}
    worker = JobWorker(settings.database_url.get_secret_value(), tasks, service.clock)
    service.background("notices", worker.run)


def _forget_by_age(service: Service, settings: WebhooksSettings, store: PostgresWebhooks) -> None:
    keys_ms, payloads_ms = settings.request_key_hours * _HOUR_MS, settings.keep_payloads_days * _DAY_MS
    service.background("key_purge", lambda: purge(store.purge_keys, service.clock, keep_ms=keys_ms))
    service.background("payload_purge", lambda: purge(store.purge_told, service.clock, keep_ms=payloads_ms))


def main() -> None:
    """Runs the service until SIGTERM."""
    settings = WebhooksSettings()
    run_service("webhooks", settings, lambda service: build(service, settings), roles_with)


if __name__ == "__main__":
    main()
