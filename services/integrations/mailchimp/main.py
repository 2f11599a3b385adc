"""Starts mailchimp: picks the adapters and wires them. Nothing else does."""

from __future__ import annotations

from balcon.mailchimp.v1.mailchimp_service_pb2_grpc import add_MailchimpServiceServicer_to_server

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.checked_record import CheckedRecord
from services.contracts.operator_looks import tell_looks
from services.contracts.outbound_servicer import serve_outbound
from services.contracts.walled_audit import WalledAudit
from services.integrations.mailchimp.adapters.audit_checks import CHECKS
from services.integrations.mailchimp.adapters.consent_events import GROUP, learn_consents
from services.integrations.mailchimp.adapters.grpc_people import GrpcPeople
from services.integrations.mailchimp.adapters.http_mailchimp import HttpMailchimp
from services.integrations.mailchimp.adapters.postgres_store import PostgresStore
from services.integrations.mailchimp.api.mailchimp_servicer import MailchimpServicer
from services.integrations.mailchimp.api.webhooks import webhook_app
from services.integrations.mailchimp.handlers.accounts import AccountHandler
from services.integrations.mailchimp.handlers.audience_syncs import AudienceSyncHandler
from services.integrations.mailchimp.handlers.courier import Courier
from services.integrations.mailchimp.handlers.hearing import Hearing
from services.integrations.mailchimp.handlers.hooking import Hooking
from services.integrations.mailchimp.handlers.rounds import Rounds
from services.integrations.mailchimp.settings import MailchimpSettings
from services.runtime.bus.topics import CONSENTS
from services.runtime.http_server import HttpServer
from services.runtime.outbound.http import HttpLimits, OutboundHttp
from services.runtime.outbound.ledger import Ledger
from services.runtime.outbound.outbound import open_outbound
from services.runtime.outbound.queue import PostgresQueue
from services.runtime.rpc.client import open_channel
from services.runtime.seal import Seal
from services.runtime.service import Service, run_service
from services.runtime.work.purge import purge

_HOUR_MS = 3_600_000
# MailChimp takes its time for 500 members, and cuts whoever waits longer than two minutes.
_LIMITS = HttpLimits(read_seconds=60.0, total_seconds=75.0)
# How often it is looked whether a comparison is due.
_COMPARE_LOOK_SECONDS = 60.0


async def build(service: Service, settings: MailchimpSettings) -> None:
    """Opens the store, MailChimp and the HTTP port, serves, and keeps the rounds going. The bus may be down."""
    clock, ids = service.clock, service.ids
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    seal = Seal(settings.secrets(), owner="mailchimp")
    http = OutboundHttp(settings.api_url, clock, limits=_LIMITS)
    service.on_close(http.close)
    channel = open_channel(settings.customers_target, clock, timeout_seconds=settings.call_timeout_seconds)
    service.on_close(channel.close)
    mailchimp = HttpMailchimp(http, settings.api_url, Ledger(engine, ids))
    people = GrpcPeople(channel)

    def wake_sender() -> None:
        # Its carrier reads the store that puts what it carries: it comes after both.
        outbound.sender.wake()

    queue = PostgresQueue(seal, clock, ids, wake_sender)
    store = PostgresStore(engine, clock=clock, ids=ids, seal=seal, queue=queue, wake=relay.wake)
    courier = Courier(store, mailchimp, people, Hooking(store, mailchimp, settings.public_url), clock)
    outbound = open_outbound(service, engine, settings, seal=seal, carrier=courier)
    serve_outbound(service, outbound.desk, relay.wake)
    accounts = AccountHandler(store, mailchimp)
    servicer = MailchimpServicer(accounts, AudienceSyncHandler(store, accounts, people, ids))
    service.rpc.add(
        lambda server: add_MailchimpServiceServicer_to_server(servicer, server), "balcon.mailchimp.v1.MailchimpService"
    )
    service.consume(engine, bus, group=GROUP, topics=[CONSENTS], batch_handler=learn_consents)
    _keep_going(service, settings, store)
    await _hear(service, settings, Hearing(store, people, clock))
    serve_audit(service.rpc, WalledAudit(CheckedRecord(engine, CHECKS), engine))


def _keep_going(service: Service, settings: MailchimpSettings, store: PostgresStore) -> None:
    clock = service.clock
    rounds = Rounds(store, clock, compare_hours=settings.compare_hours, whole_days=settings.compare_whole_days)
    service.background("rounds", lambda: rounds.run_sending(settings.sync_interval_seconds))
    service.background("comparisons", lambda: rounds.run_comparing(_COMPARE_LOOK_SECONDS))
    keys_ms, news_ms = settings.request_key_hours * _HOUR_MS, settings.news_days * 24 * _HOUR_MS
    service.background("key purge", lambda: purge(store.purge_keys, clock, keep_ms=keys_ms))
    service.background("news purge", lambda: purge(store.purge_news, clock, keep_ms=news_ms))


async def _hear(service: Service, settings: MailchimpSettings, hearing: Hearing) -> None:
    app = webhook_app(hearing, service.clock)
    http = HttpServer(app, host=settings.listen_host, port=settings.http_port, grace_seconds=settings.drain_seconds)
    await http.start()
    service.on_close(http.stop)
    service.background("news", lambda: hearing.run(settings.news_interval_seconds))
    service.log.info("webhooks_open", http_port=http.port)


def main() -> None:
    """Runs the service until SIGTERM."""
    settings = MailchimpSettings()
    run_service("mailchimp", settings, lambda service: build(service, settings), roles_with)


if __name__ == "__main__":
    main()
