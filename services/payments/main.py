"""`python -m services.payments.main`: wires the payments service. The only module that picks adapters."""

from __future__ import annotations

from collections.abc import Callable

from balcon.payments.v1.payments_service_pb2_grpc import add_PaymentsServiceServicer_to_server
from balcon.payments.v1.provider_accounts_pb2_grpc import add_ProviderAccountsServiceServicer_to_server
from balcon.payments.v1.refund_tasks_pb2_grpc import add_RefundTasksServiceServicer_to_server
from balcon.payments.v1.vouchers_pb2_grpc import add_VouchersServiceServicer_to_server
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.access import roles_with
from services.contracts.audit import RecordAudit
from services.contracts.audit_servicer import serve_audit
from services.contracts.operator_looks import tell_looks
from services.contracts.walled_audit import WalledAudit
from services.payments.adapters.mollie_provider import MollieAccount, MollieLimits, MollieProvider
from services.payments.adapters.overdue_refunds import OverdueRefunds, RefundPatience
from services.payments.adapters.postgres_audit import PostgresAudit
from services.payments.adapters.postgres_payment_store import PostgresPaymentStore
from services.payments.adapters.postgres_provider_accounts import PostgresProviderAccounts
from services.payments.adapters.postgres_unknown_payments import PostgresUnknownPayments
from services.payments.adapters.postgres_vouchers import PostgresVouchers
from services.payments.adapters.postgres_webhook_event_store import PostgresWebhookEventStore
from services.payments.adapters.provider_opener import Opener, ProviderOpener
from services.payments.adapters.sandbox_provider_client import SandboxProviderClient
from services.payments.adapters.signatures import SecretsAt
from services.payments.adapters.stripe_calls import StripeKeys
from services.payments.adapters.stripe_provider_client import StripeProviderClient
from services.payments.adapters.voucher_rows import VoucherRows
from services.payments.api.payments_servicer import PaymentsServicer
from services.payments.api.provider_accounts_servicer import ProviderAccountsServicer
from services.payments.api.refund_tasks_servicer import RefundTasksServicer
from services.payments.api.vouchers_servicer import VouchersServicer
from services.payments.api.webhooks import webhook_app
from services.payments.domain.next_attempt import RetryPolicy
from services.payments.domain.provider_account import Credentials, ProviderAccount, ProviderKind, webhook_url
from services.payments.handlers.account_listing import AccountListing
from services.payments.handlers.account_rounds import AccountRounds
from services.payments.handlers.new_vouchers import NewVouchers
from services.payments.handlers.open_accounts import OpenAccounts
from services.payments.handlers.payment_desk import PaymentDesk
from services.payments.handlers.payment_driver import PaymentDriver
from services.payments.handlers.payment_methods import MethodDesk
from services.payments.handlers.provider_accounts import ProviderAccountHandler
from services.payments.handlers.reconciler import EventListing, Reconciler
from services.payments.handlers.refund_tasks import RefundTasks
from services.payments.handlers.vouchers import VoucherHandler
from services.payments.handlers.webhook_desk import WebhookDesk
from services.payments.handlers.webhook_worker import WebhookWorker
from services.payments.ports import PaymentProvider
from services.payments.settings import PaymentsSettings
from services.runtime.bus.topics import TOPICS
from services.runtime.clock import Clock
from services.runtime.http_server import HttpServer
from services.runtime.seal import Seal
from services.runtime.service import Service, run_service
from services.runtime.work.purge import purge


async def build(service: Service) -> None:
    """Opens the store, the provider, the webhook port and the loops."""
    settings = service.settings
    assert isinstance(settings, PaymentsSettings)
    clock = service.clock
    engine, bus = service.sql(by_key=True), service.bus()
    await bus.create_topics(TOPICS)
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    retry_policy = _retry_policy(settings)
    rows = VoucherRows(ids=service.ids, seal=Seal(settings.secrets(), owner="payments"))
    vouchers = PostgresVouchers(engine, clock=clock, ids=service.ids, rows=rows, wake=relay.wake)
    store = PostgresPaymentStore(
        engine, clock=clock, ids=service.ids, retry_policy=retry_policy, on_events=relay.wake, vouchers=rows
    )
    inbox = PostgresWebhookEventStore(engine, clock=clock)
    own = _own_provider(service, settings)
    unknown = PostgresUnknownPayments(engine, clock)
    accounts, providers = _open_accounts(service, settings, engine, own, unknown, relay.wake)
    new_vouchers = NewVouchers(vouchers, clock, service.ids)
    driver = PaymentDriver(providers, store, clock, new_vouchers)
    worker = WebhookWorker(
        providers=providers, inbox=inbox, driver=driver, unknown=unknown, clock=clock, retry_policy=retry_policy
    )
    reconciler = Reconciler(
        store=store, driver=driver, clock=clock, interval_seconds=settings.reconcile_interval_seconds
    )
    _list_events(service, settings, own, accounts, providers, inbox, worker.look)
    await _open_webhooks(service, settings, _webhook_desk(worker, providers, inbox, unknown, clock))
    desk = PaymentDesk(
        driver=driver,
        store=store,
        new_vouchers=new_vouchers,
        tills=providers,
        clock=clock,
        ids=service.ids,
        # When the first call has had its time, and not before: two at once would only cost.
        first_look_seconds=settings.provider_timeout_seconds + 1.0,
    )
    _serve_rpc(service, PaymentsServicer(desk, MethodDesk(providers, clock)), _audit(service, settings))
    _serve_tasks(service, RefundTasks(store=store, driver=driver, clock=clock, ids=service.ids))
    _serve_vouchers(service, VoucherHandler(vouchers, clock=clock, ids=service.ids))
    service.background("webhook_events", worker.run)
    service.background("reconciler", reconciler.run)
    keep_ms = settings.webhook_event_days * 86_400_000
    service.background("purge", lambda: purge(inbox.purge, clock, keep_ms=keep_ms))


def _audit(service: Service, settings: PaymentsSettings) -> RecordAudit:
    """What reads whole tables has connections of its own; refunds that are overdue are counted over them too."""
    reading = service.sql(application="payments audit", pool_size=2)
    days = settings.mollie_refund_days, settings.stripe_refund_days
    patience = RefundPatience(settings.refund_patience_seconds, *days)
    service.background("overdue refunds", OverdueRefunds(reading, service.clock, patience).run)
    return WalledAudit(PostgresAudit(reading, clock=service.clock, patience=patience), reading)


def _webhook_desk(
    worker: WebhookWorker,
    providers: OpenAccounts,
    inbox: PostgresWebhookEventStore,
    unknown: PostgresUnknownPayments,
    clock: Clock,
) -> WebhookDesk:
    return WebhookDesk(
        providers=providers, inbox=inbox, payments=unknown, clock=clock, on_new=worker.hand_over, take=worker.take
    )


def _list_events(
    service: Service,
    settings: PaymentsSettings,
    own: PaymentProvider | None,
    accounts: PostgresProviderAccounts,
    providers: OpenAccounts,
    inbox: PostgresWebhookEventStore,
    on_new: Callable[[], None],
) -> None:
    clock = service.clock
    if own is not None:
        listing = EventListing(
            account=own.account,
            providers=providers,
            inbox=inbox,
            clock=clock,
            interval_seconds=settings.listing_interval_seconds,
            on_new=on_new,
        )
        service.background("listing", listing.run)
    account_listing = AccountListing(
        accounts=accounts,
        providers=providers,
        inbox=inbox,
        clock=clock,
        interval_seconds=settings.account_listing_seconds,
        on_new=on_new,
    )
    service.background("account listing", account_listing.run)


def _retry_policy(settings: PaymentsSettings) -> RetryPolicy:
    return RetryPolicy(
        settings.uncertain_seconds,
        settings.uncertain_limit_seconds,
        settings.pending_seconds,
        settings.pending_limit_seconds,
        settings.watch_seconds,
        settings.watch_limit_seconds,
        settings.watch_days,
        # As the first look at a creation.
        first_refund_seconds=settings.provider_timeout_seconds + 1.0,
    )


def _own_provider(service: Service, settings: PaymentsSettings) -> SandboxProviderClient | None:
    """The deployment's own account: play money, for houses that have none."""
    if not settings.sandbox_allowed:
        return None
    provider = SandboxProviderClient(
        settings.sandbox_url,
        secrets=_own_secrets(settings),
        timeout_seconds=settings.provider_timeout_seconds,
        clock=service.clock,
        manual_capture=settings.sandbox_manual_capture,
    )
    service.on_close(provider.close)
    return provider


def _open_accounts(
    service: Service,
    settings: PaymentsSettings,
    engine: AsyncEngine,
    own: PaymentProvider | None,
    unknown: PostgresUnknownPayments,
    wake: Callable[[], None],
) -> tuple[PostgresProviderAccounts, OpenAccounts]:
    """Serves the accounts of houses and keeps those open that are used."""
    clock = service.clock
    seal = Seal(settings.secrets(), owner="payments")
    store = PostgresProviderAccounts(engine, clock=clock, ids=service.ids, seal=seal, wake=wake)
    opens = _opener(settings, clock)
    opened = OpenAccounts(store=store, opens=opens, own=own, clock=clock)
    service.on_close(opened.close)
    handler = ProviderAccountHandler(store, opens, clock=clock, ids=service.ids, on_change=opened.forget)
    servicer = ProviderAccountsServicer(handler, unknown, settings.public_url)
    service.rpc.add(
        lambda server: add_ProviderAccountsServiceServicer_to_server(servicer, server),
        "balcon.payments.v1.ProviderAccountsService",
    )
    rounds = AccountRounds(store, handler, opened, clock, locked_check_seconds=settings.locked_check_seconds)
    service.background("provider accounts", rounds.run)
    service.background("refused keys", lambda: opened.watch(handler.check))
    service.background("open accounts", opened.keep_up)
    keys_ms = settings.request_key_hours * 3_600_000
    service.background("key purge", lambda: purge(store.purge_keys, clock, keep_ms=keys_ms))
    return store, opened


def _own_secrets(settings: PaymentsSettings) -> SecretsAt:
    secrets = settings.webhook_secrets()
    return lambda _now_ms: secrets


def _opener(settings: PaymentsSettings, clock: Clock) -> ProviderOpener:
    openers: dict[ProviderKind, Opener] = {}
    if settings.sandbox_allowed:
        openers[ProviderKind.SANDBOX] = lambda account, credentials: SandboxProviderClient(
            settings.sandbox_url,
            secrets=credentials.webhook_secrets if credentials.webhook_secret else _own_secrets(settings),
            timeout_seconds=settings.provider_timeout_seconds,
            clock=clock,
            account=account.account_id,
            house_id=account.house_id,
        )
    openers[ProviderKind.STRIPE] = lambda account, credentials: StripeProviderClient(
        settings.stripe_url,
        StripeKeys(
            credentials.key,
            credentials.webhook_secrets,
            credentials.connected_account,
            settings.instrument_key(),
        ),
        timeout_seconds=settings.provider_timeout_seconds,
        clock=clock,
        account=account.account_id,
        house_id=account.house_id,
        manual_capture=settings.stripe_manual_capture,
    )
    openers[ProviderKind.MOLLIE] = lambda account, credentials: _mollie(settings, clock, account, credentials)
    return ProviderOpener(openers)


def _mollie(
    settings: PaymentsSettings, clock: Clock, account: ProviderAccount, credentials: Credentials
) -> MollieProvider:
    limits = MollieLimits(
        settings.mollie_timeout_seconds,
        settings.mollie_key_seconds,
        settings.account_look_back_seconds,
        manual_capture=settings.mollie_manual_capture,
    )
    opened = MollieAccount(
        account=account.account_id,
        house_id=account.house_id,
        key=credentials.key,
        profile=account.provider_ref,
        is_test=account.is_test,
        created_at_ms=account.created_at_ms,
        webhook_url=webhook_url(settings.public_url, account),
        webhook_secrets=credentials.webhook_secrets,
        instrument_key=settings.instrument_key(),
    )
    return MollieProvider(opened, settings.mollie_url, clock=clock, limits=limits)


async def _open_webhooks(service: Service, settings: PaymentsSettings, desk: WebhookDesk) -> None:
    http = HttpServer(
        webhook_app(desk), host=settings.listen_host, port=settings.http_port, grace_seconds=settings.drain_seconds
    )
    await http.start()
    service.on_close(http.stop)
    service.log.info("webhooks_open", http_port=http.port)


def _serve_rpc(service: Service, payments: PaymentsServicer, audit: RecordAudit) -> None:
    service.rpc.add(
        lambda server: add_PaymentsServiceServicer_to_server(payments, server), "balcon.payments.v1.PaymentsService"
    )
    serve_audit(service.rpc, audit)


def _serve_tasks(service: Service, handler: RefundTasks) -> None:
    tasks = RefundTasksServicer(handler)
    service.rpc.add(
        lambda server: add_RefundTasksServiceServicer_to_server(tasks, server), "balcon.payments.v1.RefundTasksService"
    )


def _serve_vouchers(service: Service, vouchers: VoucherHandler) -> None:
    servicer = VouchersServicer(vouchers, service.clock)
    service.rpc.add(
        lambda server: add_VouchersServiceServicer_to_server(servicer, server), "balcon.payments.v1.VouchersService"
    )


def main() -> None:
    """Runs until SIGTERM or SIGINT."""
    run_service("payments", PaymentsSettings(), build, roles_with)


if __name__ == "__main__":
    main()
