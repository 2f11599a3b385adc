"""Starts ticketing: picks the adapters and wires them. Nothing else does."""

from __future__ import annotations

from collections.abc import Callable

from balcon.ticketing.v1.invoices_pb2_grpc import add_InvoicesServiceServicer_to_server
from balcon.ticketing.v1.own_tickets_pb2_grpc import add_OwnTicketsServiceServicer_to_server
from balcon.ticketing.v1.ticketing_service_pb2_grpc import add_TicketingServiceServicer_to_server
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.operator_looks import tell_looks
from services.contracts.walled_audit import WalledAudit
from services.paper.pool import PaperPool
from services.runtime.bus.port import ManagedBus
from services.runtime.bus.topics import ALLOTMENTS, CATALOGUE, CONSENTS, ORDERS
from services.runtime.ids import seeded_random
from services.runtime.jobs.job import JobRun, Task
from services.runtime.jobs.worker import JobWorker
from services.runtime.mail.posts import post_of
from services.runtime.outbox.application import all_of, one_by_one
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.routing import OwnerRouting, split_targets
from services.runtime.seal import Seal
from services.runtime.service import Service, run_service
from services.runtime.signing_keys.rotation import RotationRule
from services.runtime.work.due_work import DueWork, WorkLimits
from services.runtime.work.purge import purge
from services.ticketing.adapters.allotment_events import AllotmentEvents
from services.ticketing.adapters.delivery_events import DeliveryEvents
from services.ticketing.adapters.drawn_letters import COMMAND as LETTER_COMMAND
from services.ticketing.adapters.drawn_letters import DrawnLetters
from services.ticketing.adapters.drawn_paper import DrawnPaper
from services.ticketing.adapters.ed25519_signer import Ed25519Signer
from services.ticketing.adapters.grpc_allotments import GrpcAllotments
from services.ticketing.adapters.grpc_invoiced_orders import GrpcInvoicedOrders
from services.ticketing.adapters.grpc_refund_vouchers import GrpcRefundVouchers
from services.ticketing.adapters.grpc_shows import GrpcShows
from services.ticketing.adapters.grpc_sold_orders import GrpcReaders, GrpcSoldOrders
from services.ticketing.adapters.invoice_events import InvoiceEvents
from services.ticketing.adapters.invoice_rows import PostgresInvoiceLooks
from services.ticketing.adapters.order_events import OrderEvents
from services.ticketing.adapters.postgres_audit import PostgresAudit
from services.ticketing.adapters.postgres_deliveries import PostgresDeliveries
from services.ticketing.adapters.postgres_ticketing import PostgresTicketing
from services.ticketing.adapters.send_rows import SEND_TASK
from services.ticketing.adapters.wallet_signers import apple_account, google_account
from services.ticketing.api.invoices_servicer import InvoicesServicer
from services.ticketing.api.own_tickets_servicer import OwnTicketsServicer
from services.ticketing.api.ticketing_servicer import Handlers, TicketingServicer
from services.ticketing.handlers.allotment_papers import AllotmentPaperHandler
from services.ticketing.handlers.code_checks import CodeCheckHandler
from services.ticketing.handlers.deliveries import DeliveryHandler, Pace
from services.ticketing.handlers.documents import DocumentHandler
from services.ticketing.handlers.foreign_imports import ForeignImportHandler
from services.ticketing.handlers.invoice_looks import InvoiceFollower
from services.ticketing.handlers.invoices import InvoiceHandler
from services.ticketing.handlers.invoicing import InvoicingHandler
from services.ticketing.handlers.known_shows import KnownShows
from services.ticketing.handlers.letter_files import CalendarFile, TicketFile
from services.ticketing.handlers.office_statements import OfficeStatementHandler
from services.ticketing.handlers.order_door import WINDOW_MS, OrderDoor
from services.ticketing.handlers.order_letters import Enclosures, OrderLetters, Told
from services.ticketing.handlers.order_tickets import OrderTicketHandler
from services.ticketing.handlers.own_tickets import OwnTicketHandler
from services.ticketing.handlers.paper_facts import FactGatherer
from services.ticketing.handlers.paper_styles import PaperStyleHandler
from services.ticketing.handlers.prints import PrintHandler
from services.ticketing.handlers.sends import SendHandler
from services.ticketing.handlers.signing_keys import KeyRing
from services.ticketing.handlers.sold_tickets import SoldTicketHandler
from services.ticketing.handlers.wallet_passes import WalletFile, WalletLinks
from services.ticketing.ports.enclosures import Enclosure
from services.ticketing.settings import TicketingSettings

GROUP = "ticketing"
LETTERS_GROUP = "ticketing-letters"
_IDLE_SECONDS = 1.0
_HOUR_MS = 3_600_000


async def build(service: Service, settings: TicketingSettings) -> None:
    """Opens the store and the bus, serves, and keeps relay and keys going. The bus may be down: events wait."""
    clock, ids = service.clock, service.ids
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    store = PostgresTicketing(engine, clock=clock, ids=ids, wake=relay.wake)
    seal = Seal(settings.secrets(), owner="ticketing")
    keys = _keys(service, settings, store, seal)
    allotments, shows, paper = _allotments(service, settings), _shows(service, settings), DrawnPaper()
    facts, (orders, invoiced, readers) = FactGatherer(allotments, shows), _buyers(service, settings)
    known_shows = KnownShows(shows, clock)
    documents = DocumentHandler(store, paper)
    sends = SendHandler(store, documents, shows, post_of(settings), ids)
    _send_papers(service, settings, sends)
    handlers = Handlers(
        keys=keys,
        order_tickets=OrderTicketHandler(store, keys, ids),
        code_checks=CodeCheckHandler(store, keys, clock),
        prints=PrintHandler(store, facts, keys, paper, ids),
        papers=AllotmentPaperHandler(store, facts, paper, ids),
        documents=documents,
        imports=ForeignImportHandler(store, allotments, ids),
        sends=sends,
        styles=PaperStyleHandler(store, paper),
        office_statements=OfficeStatementHandler(store, facts, paper, ids),
        sold_tickets=SoldTicketHandler(store, keys, orders, readers, seal, ids),
    )
    servicer = TicketingServicer(handlers)
    service.rpc.add(
        lambda server: add_TicketingServiceServicer_to_server(servicer, server), "balcon.ticketing.v1.TicketingService"
    )
    own = OwnTicketHandler(OrderDoor(store), handlers.sold_tickets, orders, known_shows, clock)
    _serve_own(service, OwnTicketsServicer(own), store)
    invoices = InvoiceHandler(store, invoiced, readers, known_shows, paper, ids, seal)
    _serve_invoices(service, InvoicesServicer(InvoicingHandler(store), invoices))
    looks = PostgresInvoiceLooks(engine, clock)
    follower = InvoiceFollower(looks, invoices, clock)
    service.background("invoices", follower.run)
    hearing = _hear_orders(service, bus, relay.wake, follower.wake)
    letters = _letters(service, settings, store, orders, readers, known_shows, seal)
    _send_letters(service, settings, store, (engine, hearing), bus, letters)
    serve_audit(service.rpc, WalledAudit(PostgresAudit(engine), engine))
    keep_ms = settings.request_key_hours * _HOUR_MS
    service.background("key_purge", lambda: purge(store.purge_keys, clock, keep_ms=keep_ms))
    service.background("invoice purge", lambda: purge(looks.forget_sheets, clock, keep_ms=0))


def _hear_orders(
    service: Service, bus: ManagedBus, published: Callable[[], None], noted: Callable[[], None]
) -> AsyncEngine:
    """What ends tickets, and what an invoice may follow from. Returns the engine of what is heard."""
    clock, ids = service.clock, service.ids
    # It finds its rows by keys, over arrays (decision 0057); what people ask for looks through tables too.
    hearing = service.sql(application="ticketing events", pool_size=4, by_key=True)
    heard = all_of([OrderEvents(clock, ids), one_by_one(AllotmentEvents(clock, ids)), InvoiceEvents(clock, noted)])
    consumer = service.consume(
        hearing, bus, group=GROUP, topics=[ORDERS, ALLOTMENTS], batch_handler=heard, unhurried=True
    )
    consumer.when_applied(published)
    return hearing


def _keys(service: Service, settings: TicketingSettings, store: PostgresTicketing, seal: Seal) -> KeyRing:
    keys = KeyRing(
        store,
        Ed25519Signer(seal),
        service.clock,
        rule=_rule(settings),
        check_ms=settings.signing_key_check_days * 24 * _HOUR_MS,
        look_seconds=settings.signing_key_look_seconds,
    )
    service.background("signing keys", keys.run)
    return keys


def _letters(
    service: Service,
    settings: TicketingSettings,
    store: PostgresTicketing,
    orders: GrpcSoldOrders,
    readers: GrpcReaders,
    shows: KnownShows,
    seal: Seal,
) -> OrderLetters:
    """What goes out for an order: the letter, and each kind of file that goes with it."""
    clock, pool = service.clock, PaperPool(LETTER_COMMAND)
    service.on_close(pool.close)
    files: tuple[Enclosure, ...] = (TicketFile(), CalendarFile(), *_wallet_files(settings))
    enclosures = Enclosures(files, _wallet_links(service, settings))
    told = Told(orders, readers, shows, _vouchers(service, settings))
    return OrderLetters(store, told, DrawnLetters(pool), enclosures, seal, clock)


def _serve_invoices(service: Service, servicer: InvoicesServicer) -> None:
    service.rpc.add(
        lambda server: add_InvoicesServiceServicer_to_server(servicer, server), "balcon.ticketing.v1.InvoicesService"
    )


def _serve_own(service: Service, servicer: OwnTicketsServicer, store: PostgresTicketing) -> None:
    service.rpc.add(
        lambda server: add_OwnTicketsServiceServicer_to_server(servicer, server),
        "balcon.ticketing.v1.OwnTicketsService",
    )
    service.background("guess purge", lambda: purge(store.purge_guesses, service.clock, keep_ms=WINDOW_MS))


def _send_papers(service: Service, settings: TicketingSettings, sends: SendHandler) -> None:
    async def run(job: JobRun) -> None:
        await sends.send(str(job.arguments["house_id"]), str(job.arguments["send_id"]))

    worker = JobWorker(settings.database_url.get_secret_value(), {SEND_TASK: Task(run)}, service.clock)
    service.background("mails", worker.run)


def _send_letters(
    service: Service,
    settings: TicketingSettings,
    store: PostgresTicketing,
    engines: tuple[AsyncEngine, AsyncEngine],
    bus: ManagedBus,
    letters: OrderLetters,
) -> None:
    """Plans letters to buyers by what is heard, and sends them, by a consumer group of their own: codes go first."""
    engine, hearing = engines
    clock, post = service.clock, post_of(settings, kept=settings.letters_at_once)
    service.on_close(post.close)
    due = PostgresDeliveries(engine, clock)
    handler = DeliveryHandler(store, due, letters, post, clock, Pace(settings.letters_a_second))
    limits = WorkLimits(concurrency=settings.letters_at_once, idle_seconds=_IDLE_SECONDS)
    work = DueWork("letters", lease=handler.lease, act=handler.send, clock=clock, limits=limits)
    planner = DeliveryEvents(clock, service.ids, work.wake)
    service.consume(
        hearing, bus, group=LETTERS_GROUP, topics=[ORDERS, CATALOGUE, CONSENTS], batch_handler=planner, unhurried=True
    )
    service.background("letters", work.run)
    service.background("letters watch", handler.watch)
    keep_ms = settings.letter_ledger_days * 24 * _HOUR_MS
    service.background("ledger_purge", lambda: purge(due.purge, clock, keep_ms=keep_ms))


def _wallet_files(settings: TicketingSettings) -> tuple[WalletFile, ...]:
    """ValueError where a file is not what the setting says: better now than with the first letter."""
    if not settings.apple_pass_file:
        return ()
    return (WalletFile(*apple_account(settings.apple_pass_file, settings.apple_intermediate_file)),)


def _wallet_links(service: Service, settings: TicketingSettings) -> WalletLinks | None:
    if not settings.google_wallet_issuer:
        return None
    account, signer = google_account(settings.google_wallet_issuer, settings.google_wallet_account_file)
    return WalletLinks(account, signer, service.clock)


def _buyers(service: Service, settings: TicketingSettings) -> tuple[GrpcSoldOrders, GrpcInvoicedOrders, GrpcReaders]:
    """Not waited for: a letter is written later then, and a call of staff is told so."""
    seconds = settings.call_timeout_seconds
    to_orders, to_customers = (
        open_channel(target, service.clock, timeout_seconds=seconds, wait_for_ready=False)
        for target in (settings.orders_target, settings.customers_target)
    )
    service.on_close(to_orders.close)
    service.on_close(to_customers.close)
    return GrpcSoldOrders(to_orders), GrpcInvoicedOrders(to_orders), GrpcReaders(to_customers)


def _vouchers(service: Service, settings: TicketingSettings) -> GrpcRefundVouchers:
    """Not waited for, as those who know the buyers."""
    seconds = settings.call_timeout_seconds
    to_payments = open_channel(settings.payments_target, service.clock, timeout_seconds=seconds, wait_for_ready=False)
    service.on_close(to_payments.close)
    return GrpcRefundVouchers(to_payments)


def _allotments(service: Service, settings: TicketingSettings) -> GrpcAllotments:
    clock = service.clock
    routes = OwnerRouting(split_targets(settings.inventory_target), clock, seeded_random(clock.now_ms()).random)
    service.on_close(routes.close)
    return GrpcAllotments(routes, timeout_seconds=settings.call_timeout_seconds)


def _shows(service: Service, settings: TicketingSettings) -> GrpcShows:
    clock, seconds = service.clock, settings.call_timeout_seconds
    to_catalogue = open_channel(settings.catalogue_target, clock, timeout_seconds=seconds)
    to_accounts = open_channel(settings.accounts_target, clock, timeout_seconds=seconds)
    service.on_close(to_catalogue.close)
    service.on_close(to_accounts.close)
    return GrpcShows(to_catalogue, to_accounts, timeout_seconds=seconds)


def _rule(settings: TicketingSettings) -> RotationRule:
    return RotationRule(
        sign_ms=settings.signing_key_days * 24 * _HOUR_MS,
        announce_ms=settings.signing_key_announce_hours * _HOUR_MS,
    )


def main() -> None:
    """Runs the service until SIGTERM."""
    settings = TicketingSettings()
    run_service("ticketing", settings, lambda service: build(service, settings), roles_with)


if __name__ == "__main__":
    main()
