"""Starts the orders service: `python -m services.orders.main`. The only place that picks adapters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import grpc
from balcon.orders.v1.buyer_policy_pb2_grpc import add_BuyerPolicyServiceServicer_to_server
from balcon.orders.v1.order_acts_pb2_grpc import add_OrderActsServiceServicer_to_server
from balcon.orders.v1.order_work_pb2_grpc import add_OrderWorkServiceServicer_to_server
from balcon.orders.v1.orders_service_pb2_grpc import add_OrdersServiceServicer_to_server
from balcon.orders.v1.own_exchanges_pb2_grpc import add_OwnExchangesServiceServicer_to_server
from balcon.orders.v1.refund_requests_pb2_grpc import add_RefundRequestsServiceServicer_to_server
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.inventory_stream import InventoryCodec, InventoryStreams
from services.contracts.operator_looks import tell_looks
from services.contracts.walled_audit import WalledAudit
from services.orders.adapters.customer_events import follow_customer
from services.orders.adapters.grpc_catalogue import GrpcCatalogue
from services.orders.adapters.grpc_customers import GrpcCustomers
from services.orders.adapters.grpc_order_door import GrpcOrderDoor
from services.orders.adapters.grpc_payments import GrpcPayments
from services.orders.adapters.grpc_seat_inventory import GrpcSeatInventory
from services.orders.adapters.grpc_ticketing import GrpcTicketing
from services.orders.adapters.grpc_vouchers import GrpcVouchers
from services.orders.adapters.grpc_ways_to_pay import GrpcWaysToPay
from services.orders.adapters.old_buyers import PostgresOldBuyers
from services.orders.adapters.passed_tickets import PostgresPassedTickets, TicketEvents
from services.orders.adapters.payment_events import PaymentEvents
from services.orders.adapters.postgres_audit import PostgresAudit
from services.orders.adapters.postgres_buyer_policies import PostgresBuyerPolicies
from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.adapters.postgres_order_work import PostgresOrderWork
from services.orders.adapters.postgres_refund_requests import PostgresRefundRequests
from services.orders.adapters.seat_places import SeatPlaces
from services.orders.adapters.signed_quotes import SignedQuotes
from services.orders.adapters.streamed_seat_inventory import StreamedSeatInventory
from services.orders.api.buyer_policy_servicer import BuyerPolicyServicer
from services.orders.api.order_acts_servicer import OrderActsServicer
from services.orders.api.order_work_servicer import OrderWorkServicer
from services.orders.api.orders_servicer import OrdersServicer
from services.orders.api.own_exchanges_servicer import OwnExchangesServicer
from services.orders.api.refund_requests_servicer import RefundRequestsServicer
from services.orders.domain.steps import Timing
from services.orders.handlers.acting import act_on
from services.orders.handlers.cached_catalogue import CachedCatalogue
from services.orders.handlers.exchanges import Exchanges
from services.orders.handlers.form_desk import FormDesk
from services.orders.handlers.old_buyers import carry_over
from services.orders.handlers.order_desk import DeskParts, OrderDesk
from services.orders.handlers.order_hold import OrderHold
from services.orders.handlers.order_making import OrderMaker
from services.orders.handlers.order_notifier import OrderNotifier
from services.orders.handlers.passed_tickets import TicketFollower
from services.orders.handlers.paying import PayingDesk
from services.orders.handlers.performance_refunds import PerformanceRefunds, RefundJobLimits
from services.orders.handlers.quoting import Quoter
from services.orders.handlers.refund_requests import RefundDesk, RefundDeskParts
from services.orders.handlers.saga import Saga, SagaParts
from services.orders.handlers.saga_driver import DriverLimits, SagaDriver
from services.orders.handlers.stuck_orders import StuckOrders
from services.orders.handlers.unresolved import count_stuck, count_unresolved
from services.orders.ports import Catalogue, Payments, SeatInventory
from services.orders.ports.order_door import OrderDoor
from services.orders.settings import OrdersSettings
from services.runtime.bus.port import ManagedBus
from services.runtime.bus.topics import CONSENTS, PAYMENTS, TICKETS, TOPICS
from services.runtime.clock import Clock
from services.runtime.ids import seeded_random
from services.runtime.outbox.application import all_of, one_by_one
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.owner_streams import OwnerStreams
from services.runtime.rpc.routing import OwnerRouting, split_targets
from services.runtime.service import Service, run_service
from services.runtime.work.purge import purge

GROUP = "orders"
# Of its own, so that nobody waits for payments' reports because of tickets, or the other way round.
TICKETS_GROUP = "orders-tickets"


def timing_of(settings: OrdersSettings) -> Timing:
    """The saga's waits."""
    return Timing(
        hold_grace_ms=settings.hold_grace_seconds * 1000,
        payment_poll_ms=settings.payment_poll_seconds * 1000,
        longest_retry_ms=settings.longest_retry_seconds * 1000,
    )


def _inventory(service: Service, settings: OrdersSettings, catalogue: Catalogue) -> SeatInventory:
    """Over one long-lived stream to each node, and unary calls for what that has no word for."""
    clock, seconds = service.clock, settings.call_timeout_seconds
    routes = OwnerRouting(split_targets(settings.inventory_target), clock, seeded_random(clock.now_ms()).random)
    service.on_close(routes.close)
    streams: InventoryStreams = OwnerStreams(routes, InventoryCodec(), clock)
    service.on_close(streams.close)
    unary = GrpcSeatInventory(routes, timeout_seconds=seconds)
    return StreamedSeatInventory(streams, SeatPlaces(catalogue), unary, timeout_seconds=seconds)


@dataclass(frozen=True, slots=True)
class OrderActParts:
    """What acts on orders that were sold stand on."""

    engine: AsyncEngine
    store: PostgresOrderStore
    desk: OrderDesk
    driver: SagaDriver
    timing: Timing
    catalogue: Catalogue
    payments: Payments
    committed: Callable[[], None]


def _serve_acts(service: Service, settings: OrdersSettings, parts: OrderActParts) -> None:
    """Acts on lines, jobs over performances, and what stands still."""
    clock, ids, desk = service.clock, service.ids, parts.desk
    work = PostgresOrderWork(parts.engine, clock, ids, committed=parts.committed)
    pace = RefundJobLimits.of(settings.refund_orders_per_second)
    jobs = PerformanceRefunds(work, parts.store, parts.driver, clock, ids, parts.timing, pace)

    def wakes() -> None:
        parts.driver.wake()
        jobs.wake()

    acts = OrderActsServicer(desk, clock)
    stuck = StuckOrders(work, parts.payments, clock)
    working = OrderWorkServicer(work, stuck, desk, parts.catalogue, clock, ids, wakes)
    service.rpc.add(
        lambda server: add_OrderActsServiceServicer_to_server(acts, server), "balcon.orders.v1.OrderActsService"
    )
    service.rpc.add(
        lambda server: add_OrderWorkServiceServicer_to_server(working, server), "balcon.orders.v1.OrderWorkService"
    )
    service.background("performance refunds", jobs.run)
    service.background("stuck", lambda: count_stuck(work, clock))


def _serve_orders(service: Service, servicer: OrdersServicer) -> None:
    service.rpc.add(
        lambda server: add_OrdersServiceServicer_to_server(servicer, server), "balcon.orders.v1.OrdersService"
    )


def _serve_buyers(
    service: Service,
    parts: OrderActParts,
    policies: PostgresBuyerPolicies,
    door: OrderDoor,
    exchanges: Exchanges,
    keep_ms: int,
) -> None:
    """What buyers may do by themselves."""
    servicer = BuyerPolicyServicer(policies, parts.catalogue)
    service.rpc.add(
        lambda server: add_BuyerPolicyServiceServicer_to_server(servicer, server), "balcon.orders.v1.BuyerPolicyService"
    )
    clock, ids = service.clock, service.ids
    requests = PostgresRefundRequests(parts.engine, parts.store, clock, ids, committed=parts.committed)
    wake = parts.driver.wake
    desk = RefundDesk(
        RefundDeskParts(door, requests, policies, parts.store, parts.catalogue, clock, ids, parts.timing, wake)
    )
    asking = RefundRequestsServicer(desk)
    service.rpc.add(
        lambda server: add_RefundRequestsServiceServicer_to_server(asking, server),
        "balcon.orders.v1.RefundRequestsService",
    )
    swapping = OwnExchangesServicer(exchanges)
    service.rpc.add(
        lambda server: add_OwnExchangesServiceServicer_to_server(swapping, server),
        "balcon.orders.v1.OwnExchangesService",
    )
    service.background("answers purge", lambda: purge(requests.purge_keys, clock, keep_ms=keep_ms))


def _serve_audit(service: Service, settings: OrdersSettings) -> None:
    reading = service.sql(application="orders audit", pool_size=2)
    record = PostgresAudit(reading, service.clock, overdue_ms=settings.overdue_seconds * 1000)
    serve_audit(service.rpc, WalledAudit(record, reading))


def _quoter(settings: OrdersSettings, catalogue: CachedCatalogue, clock: Clock) -> Quoter:
    quotes = SignedQuotes(settings.secrets())
    return Quoter(catalogue, quotes, clock, lives_ms=settings.quote_seconds * 1000)


def _channel(service: Service, settings: OrdersSettings, target: str) -> grpc.aio.Channel:
    """To another service, as long as this one runs."""
    channel = open_channel(target, service.clock, timeout_seconds=settings.call_timeout_seconds)
    service.on_close(channel.close)
    return channel


async def build(service: Service, settings: OrdersSettings) -> None:
    """Opens the parts."""
    clock, ids = service.clock, service.ids
    engine, bus = service.sql(by_key=True), service.bus()
    await bus.create_topics(TOPICS)
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    store = PostgresOrderStore(engine, clock, ids, committed=relay.wake)
    to_catalogue = _channel(service, settings, settings.catalogue_target)
    to_payments = _channel(service, settings, settings.payments_target)
    to_ticketing = _channel(service, settings, settings.ticketing_target)
    to_customers = _channel(service, settings, settings.customers_target)
    catalogue = CachedCatalogue(GrpcCatalogue(to_catalogue), clock, ttl_seconds=settings.catalogue_ttl_seconds)
    inventory, payments = _inventory(service, settings, catalogue), GrpcPayments(to_payments)
    customers = GrpcCustomers(to_customers)
    timing, notifier = timing_of(settings), OrderNotifier(store, clock)
    tickets, lease_ms = GrpcTicketing(to_ticketing), settings.lease_seconds * 1000
    saga = Saga(SagaParts(store, inventory, payments, tickets, notifier, clock, timing, lease_ms))
    limits = DriverLimits(settings.saga_concurrency, settings.checkout_concurrency, settings.saga_interval_seconds)
    driver = SagaDriver(saga, store, clock, ids, limits)
    quoter = _quoter(settings, catalogue, clock)
    maker = OrderMaker(inventory, catalogue, quoter, clock, ids, hold_grace_ms=timing.hold_grace_ms)
    window_ms = settings.payment_window_seconds * 1000
    vouchers, form = GrpcVouchers(to_payments), FormDesk(catalogue, customers, clock)
    hold, paying = OrderHold(inventory), PayingDesk(GrpcWaysToPay(to_payments), clock)
    policies, door = PostgresBuyerPolicies(engine, clock, ids, committed=relay.wake), GrpcOrderDoor(to_ticketing)
    swaps = Exchanges(store, maker, policies, catalogue, door, clock, timing)
    parts = DeskParts(
        store, maker, customers, vouchers, hold, driver, notifier, clock, timing, window_ms, form, paying, swaps
    )
    desk = OrderDesk(parts)
    events = PaymentEvents(store, lambda report: act_on(report, clock, timing), driver)
    heard = all_of([events, one_by_one(follow_customer)])
    service.consume(engine, bus, group=GROUP, topics=[PAYMENTS, CONSENTS], batch_handler=heard)
    _follow_tickets(service, engine, bus, tickets)

    _serve_orders(service, OrdersServicer(desk, quoter, clock, ids))
    acts = OrderActParts(engine, store, desk, driver, timing, catalogue, payments, relay.wake)
    _serve_acts(service, settings, acts)
    keep_ms = settings.request_key_hours * 3_600_000
    _serve_buyers(service, acts, policies, door, swaps, keep_ms)
    _serve_audit(service, settings)
    service.background("saga", driver.run)
    service.background("notifier", notifier.run)
    service.background("old buyers", lambda: carry_over(PostgresOldBuyers(engine), customers, clock))
    service.background("counts", lambda: count_unresolved(store, clock))
    service.background("purge", lambda: purge(store.purge_keys, clock, keep_ms=keep_ms))


def _follow_tickets(service: Service, engine: AsyncEngine, bus: ManagedBus, tickets: GrpcTicketing) -> None:
    """An order shows no code of a ticket that was passed on."""
    follower = TicketFollower(PostgresPassedTickets(engine), tickets, service.clock)
    heard = TicketEvents(service.clock, follower.wake)
    service.consume(engine, bus, group=TICKETS_GROUP, topics=[TICKETS], batch_handler=heard, unhurried=True)
    service.background("passed tickets", follower.run)


def main() -> None:
    """Runs until SIGTERM."""
    settings = OrdersSettings()

    async def built(service: Service) -> None:
        await build(service, settings)

    run_service("orders", settings, built, roles_with)


if __name__ == "__main__":
    main()
