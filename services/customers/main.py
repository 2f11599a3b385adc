"""Starts customers: picks the adapters and wires them. Nothing else does."""

from __future__ import annotations

from balcon.customers.v1.consents_service_pb2_grpc import add_ConsentsServiceServicer_to_server
from balcon.customers.v1.customers_service_pb2_grpc import add_CustomersServiceServicer_to_server

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.checked_record import CheckedRecord
from services.contracts.operator_looks import tell_looks
from services.contracts.walled_audit import WalledAudit
from services.customers.adapters.audit_checks import CHECKS
from services.customers.adapters.grpc_grants import GrpcGrants
from services.customers.adapters.grpc_houses import GrpcHouses
from services.customers.adapters.grpc_orders import GrpcOrders
from services.customers.adapters.grpc_tickets import GrpcTickets
from services.customers.adapters.house_events import GROUP as HOUSES_GROUP
from services.customers.adapters.house_events import copy_house
from services.customers.adapters.link_rows import LETTER_TASK
from services.customers.adapters.order_events import OrderActs, OrderEvents
from services.customers.adapters.postgres_customers import PostgresCustomers
from services.customers.adapters.show_events import learn_show
from services.customers.api.customers_servicer import ConsentsServicer, CustomersServicer, Handlers
from services.customers.handlers.answering import Answering
from services.customers.handlers.answers import AnswerHandler
from services.customers.handlers.audiences import AudienceHandler
from services.customers.handlers.consents import ConsentHandler
from services.customers.handlers.customers import CustomerHandler
from services.customers.handlers.erasures import ErasureHandler
from services.customers.handlers.exports import ExportHandler
from services.customers.handlers.form_answers import FormAnswerHandler
from services.customers.handlers.house_keeper import HouseKeeper
from services.customers.handlers.identities import IdentityHandler
from services.customers.handlers.letters import LetterHandler
from services.customers.handlers.own_data import OwnDataHandler
from services.customers.handlers.uploads import UploadHandler
from services.customers.settings import CustomersSettings
from services.runtime.bus.topics import ACCOUNTS, CATALOGUE, ORDERS
from services.runtime.jobs.job import JobRun, Task
from services.runtime.jobs.worker import JobWorker
from services.runtime.mail.posts import post_of
from services.runtime.outbox.application import all_of, one_by_one
from services.runtime.outbox.state_consumer import StateConsumer
from services.runtime.rpc.client import open_channel
from services.runtime.seal import Seal
from services.runtime.service import Service, run_service
from services.runtime.work.purge import purge

GROUP = "customers"
_HOUR_MS = 3_600_000


async def build(service: Service, settings: CustomersSettings) -> None:
    """Opens the store and the bus, serves, and keeps relay, letters and purges going. The bus may be down."""
    clock, ids = service.clock, service.ids
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    seal = Seal(settings.secrets(), owner="customers")
    store = PostgresCustomers(engine, clock=clock, ids=ids, seal=seal, wake=relay.wake)
    handlers, houses = _handlers(service, settings, store)
    _send_letters(service, settings, LetterHandler(store, houses, handlers.own_data, post_of(settings)))
    _forget_by_age(service, settings, store)
    customers, consents = CustomersServicer(handlers), ConsentsServicer(handlers)
    service.rpc.add(
        lambda server: add_CustomersServiceServicer_to_server(customers, server), "balcon.customers.v1.CustomersService"
    )
    service.rpc.add(
        lambda server: add_ConsentsServiceServicer_to_server(consents, server), "balcon.customers.v1.ConsentsService"
    )
    erasures, forms = handlers.erasures, handlers.form_answers
    acts = OrderActs(
        made=[handlers.answers.order_made],
        paid=[erasures.order_paid, forms.order_paid],
        given_up=[erasures.order_given_up, forms.order_given_up],
    )
    heard = all_of([OrderEvents(clock, ids, seal, acts), one_by_one(learn_show)])
    # What is heard finds its rows by keys, over arrays (decision 0057); what people ask for looks through tables too.
    hearing = service.sql(application="customers events", pool_size=2, by_key=True)
    consumer = service.consume(
        hearing, bus, group=GROUP, topics=[ORDERS, CATALOGUE], batch_handler=heard, unhurried=True
    )
    consumer.when_applied(relay.wake)
    states = StateConsumer(bus, engine, group=HOUSES_GROUP, topics=[ACCOUNTS], handler=copy_house, clock=clock)
    service.show_consumers(bus, lambda: [states])
    service.background("houses", states.run)
    serve_audit(service.rpc, WalledAudit(CheckedRecord(engine, CHECKS), engine))


def _handlers(service: Service, settings: CustomersSettings, store: PostgresCustomers) -> tuple[Handlers, HouseKeeper]:
    clock, ids, seconds = service.clock, service.ids, settings.call_timeout_seconds
    to_accounts = open_channel(settings.accounts_target, clock, timeout_seconds=seconds)
    to_orders = open_channel(settings.orders_target, clock, timeout_seconds=seconds)
    to_ticketing = open_channel(settings.ticketing_target, clock, timeout_seconds=seconds)
    for channel in (to_accounts, to_orders, to_ticketing):
        service.on_close(channel.close)
    houses, orders = HouseKeeper(store, GrpcHouses(to_accounts)), GrpcOrders(to_orders)
    answering = Answering(ids, settings.pages_url)
    handlers = Handlers(
        identities=IdentityHandler(store, houses, ids),
        customers=CustomerHandler(store, ids),
        own_data=OwnDataHandler(store, houses, answering, ids, settings.pages_url),
        erasures=ErasureHandler(store, houses, orders),
        exports=ExportHandler(store, orders, GrpcTickets(to_ticketing)),
        consents=ConsentHandler(store, houses, ids),
        answers=AnswerHandler(store, houses, answering),
        uploads=UploadHandler(store, houses, answering, ids),
        audiences=AudienceHandler(store, GrpcGrants(to_accounts)),
        form_answers=FormAnswerHandler(store, houses),
    )
    return handlers, houses


def _send_letters(service: Service, settings: CustomersSettings, letters: LetterHandler) -> None:
    async def run(job: JobRun) -> None:
        await letters.send(str(job.arguments["house_id"]), str(job.arguments["letter_id"]))

    worker = JobWorker(settings.database_url.get_secret_value(), {LETTER_TASK: Task(run)}, service.clock)
    service.background("letters", worker.run)


def _forget_by_age(service: Service, settings: CustomersSettings, store: PostgresCustomers) -> None:
    keys_ms, over_ms = settings.request_key_hours * _HOUR_MS, settings.keep_over_hours * _HOUR_MS
    service.background("key_purge", lambda: purge(store.purge_keys, service.clock, keep_ms=keys_ms))
    service.background("age_purge", lambda: purge(store.purge_old, service.clock, keep_ms=over_ms))
    service.background("unlock", lambda: purge(store.purge_locked, service.clock, keep_ms=0))


def main() -> None:
    """Runs the service until SIGTERM."""
    settings = CustomersSettings()
    run_service("customers", settings, lambda service: build(service, settings), roles_with)


if __name__ == "__main__":
    main()
