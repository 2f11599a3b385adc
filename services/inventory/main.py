"""The inventory process: picks the adapters and wires them."""

from __future__ import annotations

from dataclasses import dataclass

from balcon.inventory.v1.allotment_service_pb2_grpc import add_AllotmentServiceServicer_to_server
from balcon.inventory.v1.cluster_service_pb2_grpc import add_ClusterServiceServicer_to_server
from balcon.inventory.v1.inventory_service_pb2_grpc import add_InventoryServiceServicer_to_server
from balcon.inventory.v1.reservation_service_pb2_grpc import add_ReservationServiceServicer_to_server
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.operator_looks import tell_looks
from services.contracts.walled_audit import WalledAudit
from services.inventory.actors.activation import Activation
from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.plan_change import PlanChanger
from services.inventory.actors.reservation_deadlines import ReservationDeadlines
from services.inventory.actors.return_day import ReturnDay
from services.inventory.adapters.bus_availability_feed import BusAvailabilityFeed
from services.inventory.adapters.catalogue_events import GROUP, TOPIC, copy_performance
from services.inventory.adapters.catalogue_performances import CataloguePerformances
from services.inventory.adapters.outbox_act_log import OutboxActLog
from services.inventory.adapters.postgres_audit import REFERENCES, PostgresAudit
from services.inventory.adapters.postgres_block_list import PostgresBlockList
from services.inventory.adapters.postgres_claim_store import PostgresClaimStore
from services.inventory.adapters.postgres_directory import PostgresDirectory
from services.inventory.adapters.postgres_due_reservations import PostgresDueReservations
from services.inventory.adapters.postgres_due_returns import PostgresDueReturns
from services.inventory.adapters.postgres_plan_store import PostgresPlanStore
from services.inventory.adapters.redis_connection import connect
from services.inventory.adapters.redis_hold_store import RedisHoldStore
from services.inventory.adapters.redis_lease_store import RedisLeaseStore
from services.inventory.api.allotment_servicer import AllotmentServicer
from services.inventory.api.cluster_servicer import ClusterServicer
from services.inventory.api.forwarding import OwnerForwarding
from services.inventory.api.inventory_servicer import InventoryServicer
from services.inventory.api.node_audit import NodeAudit
from services.inventory.api.reservation_servicer import ReservationServicer
from services.inventory.cluster.health import NodeHealth
from services.inventory.cluster.membership import NodeLease
from services.inventory.settings import InventorySettings
from services.runtime.bus.port import ManagedBus
from services.runtime.bus.topics import TOPICS
from services.runtime.rpc.client import open_channel
from services.runtime.service import Service, run_service
from services.runtime.telemetry.metrics import LEASE_VALID_SECONDS

# A turn waits for the record, and a performance for its turn: a record that is silent for so long is given up.
RECORD_SILENCE_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class _Parts:
    """What build() makes first and wires after."""

    engine: AsyncEngine
    bus: ManagedBus
    lease: NodeLease
    directory: PostgresDirectory
    performances: CataloguePerformances
    host: PerformanceHost


async def _open(service: Service, settings: InventorySettings) -> _Parts:
    """Stores, bus, the catalogue, and the host over them."""
    clock, ids = service.clock, service.ids
    engine = service.sql(silence_seconds=RECORD_SILENCE_SECONDS)
    redis = connect(settings.redis_url.get_secret_value())
    service.on_close(redis.aclose)
    bus = service.bus()
    await bus.create_topics(TOPICS)
    channel = open_channel(settings.catalogue_target, clock)
    service.on_close(channel.close)
    directory = PostgresDirectory(engine)
    lease = NodeLease(
        RedisLeaseStore(redis),
        directory,
        clock,
        ids,
        ttl_seconds=settings.lease_ttl_seconds,
        renew_seconds=settings.lease_renew_seconds,
        margin_seconds=settings.lease_margin_seconds,
    )
    LEASE_VALID_SECONDS.set_function(lease.valid_seconds)
    holds = RedisHoldStore(redis)
    await holds.load_functions()
    performances = CataloguePerformances(
        engine, channel, grace_ms=settings.hold_grace_seconds * 1000, cap_ms=settings.hold_cap_seconds * 1000
    )
    # The relay keeps a connection for itself: not one of those that batches of the record wait for.
    relay = service.outbox(service.sql(application="inventory outbox", pool_size=2), bus)
    tell_looks(service, engine, relay.wake)
    act_log = OutboxActLog(clock, ids, relay.wake)
    activation = Activation(
        lease, directory, holds, lambda performance: PostgresClaimStore(engine, performance, act_log), clock
    )
    feed = BusAvailabilityFeed(bus)
    host = PerformanceHost(lease, performances, activation, feed, clock, idle_seconds=settings.idle_seconds)
    lease.load = host.load
    return _Parts(engine, bus, lease, directory, performances, host)


def _serve(service: Service, settings: InventorySettings, parts: _Parts) -> None:
    """Registers the servicers."""
    # An audit reads whole tables and may take its time.
    reading = service.sql(application="inventory audit", pool_size=2)
    forwarding = OwnerForwarding(service.clock)
    service.rpc.intercept(forwarding)
    service.on_close(forwarding.close)
    service.rpc.keep_queues_short(settings.calls_per_connection)
    changer = PlanChanger(parts.host, parts.performances, PostgresPlanStore(parts.engine), service.clock)
    seats = InventoryServicer(parts.host, changer, PostgresBlockList(parts.engine), service.clock)
    service.rpc.add(
        lambda server: add_InventoryServiceServicer_to_server(seats, server), "balcon.inventory.v1.InventoryService"
    )
    allotments = AllotmentServicer(parts.host)
    service.rpc.add(
        lambda server: add_AllotmentServiceServicer_to_server(allotments, server),
        "balcon.inventory.v1.AllotmentService",
    )
    reservations = ReservationServicer(parts.host)
    service.rpc.add(
        lambda server: add_ReservationServiceServicer_to_server(reservations, server),
        "balcon.inventory.v1.ReservationService",
    )
    cluster = ClusterServicer(parts.lease, parts.directory, parts.performances, parts.host, forwarding.channel_to)
    service.rpc.add(
        lambda server: add_ClusterServiceServicer_to_server(cluster, server), "balcon.inventory.v1.ClusterService"
    )
    record = NodeAudit(PostgresAudit(reading), parts.host)
    serve_audit(service.rpc, WalledAudit(record, reading, REFERENCES))


async def build(service: Service, settings: InventorySettings) -> None:
    """Opens stores, registers the servicers, joins the cluster, starts the loops."""
    parts = await _open(service, settings)
    lease, host = parts.lease, parts.host
    _serve(service, settings, parts)

    async def join_cluster() -> None:
        lease.endpoint = f"{settings.advertised_host}:{service.rpc.port}"
        await lease.renew()
        await lease.look_around()
        service.background("lease", lease.run)
        service.background("health", NodeHealth(lease, service.clock, service.rpc.tell_health).run)
        service.background("pins", lease.keep_pins_fresh)

    async def leave_cluster() -> None:
        await host.hand_over()
        await lease.resign()

    service.after_start(join_cluster)
    service.before_drain(leave_cluster)
    heard = service.consume(parts.engine, parts.bus, group=GROUP, topics=[TOPIC], handler=copy_performance)
    heard.when_applied(host.rules_came)
    service.background("expiry", host.keep_time)
    service.background("watchers", host.keep_watchers_told)
    service.background("availability", host.publish_availability)
    service.background("rules", host.keep_rules_fresh)
    service.background("rules heard", host.take_over_what_is_heard)
    deadlines = ReservationDeadlines(host, PostgresDueReservations(parts.engine), service.clock)
    service.background("deadlines", deadlines.run)
    service.background("balance", host.keep_balanced)
    service.background("returns", ReturnDay(host, PostgresDueReturns(parts.engine), service.clock).run)


def main() -> None:
    """Runs until SIGTERM."""
    settings = InventorySettings()

    async def built(service: Service) -> None:
        await build(service, settings)

    run_service("inventory", settings, built, roles_with)


if __name__ == "__main__":
    main()
