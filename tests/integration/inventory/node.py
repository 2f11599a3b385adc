"""An inventory node in the test's own process: real Valkey, real Postgres, real gRPC; only the catalogue is a twin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import grpc
from balcon.inventory.v1.allotment_service_pb2_grpc import (
    AllotmentServiceStub,
    add_AllotmentServiceServicer_to_server,
)
from balcon.inventory.v1.cluster_service_pb2_grpc import ClusterServiceStub, add_ClusterServiceServicer_to_server
from balcon.inventory.v1.inventory_service_pb2_grpc import (
    InventoryServiceStub,
    add_InventoryServiceServicer_to_server,
)
from balcon.inventory.v1.reservation_service_pb2_grpc import (
    ReservationServiceStub,
    add_ReservationServiceServicer_to_server,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.actors.activation import Activation
from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.plan_change import PlanChanger
from services.inventory.adapters.memory_stores import (
    MemoryAvailabilityFeed,
    MemoryPerformances,
    MemoryPlans,
    MemoryRecord,
)
from services.inventory.adapters.outbox_act_log import OutboxActLog
from services.inventory.adapters.postgres_block_list import PostgresBlockList
from services.inventory.adapters.postgres_claim_store import PostgresClaimStore
from services.inventory.adapters.postgres_directory import PostgresDirectory
from services.inventory.adapters.postgres_plan_store import PostgresPlanStore
from services.inventory.adapters.redis_connection import AnyRedis, connect
from services.inventory.adapters.redis_hold_store import RedisHoldStore
from services.inventory.adapters.redis_lease_store import RedisLeaseStore
from services.inventory.api.allotment_servicer import AllotmentServicer
from services.inventory.api.cluster_servicer import ClusterServicer
from services.inventory.api.forwarding import OwnerForwarding
from services.inventory.api.inventory_servicer import InventoryServicer
from services.inventory.api.reservation_servicer import ReservationServicer
from services.inventory.cluster.membership import NodeLease
from services.inventory.domain.records import HoldRules
from services.inventory.ports import HallPlans, Performance, Performances, SeatPlan
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.server import RpcServer
from services.runtime.sql.engine import create_engine

if TYPE_CHECKING:
    from balcon.inventory.v1.allotment_service_pb2_grpc import AllotmentServiceAsyncStub
    from balcon.inventory.v1.cluster_service_pb2_grpc import ClusterServiceAsyncStub
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub
    from balcon.inventory.v1.reservation_service_pb2_grpc import ReservationServiceAsyncStub

HOUSE = "house_1"
PLAN_VERSION = 3


def performance(
    performance_id: str = "perf_1", *, capacity: int = 100, house_id: str = HOUSE, rules: HoldRules | None = None
) -> Performance:
    """A performance with seats s0, s1 … on sale."""
    plan = SeatPlan.of(PLAN_VERSION, [f"s{number}" for number in range(capacity)])
    return Performance(performance_id, house_id, plan, rules or HoldRules(True, 10, 600_000))


@dataclass(frozen=True, slots=True)
class Node:
    """A running node and a client of it."""

    host: PerformanceHost
    lease: NodeLease
    redis: AnyRedis
    engine: AsyncEngine
    stub: InventoryServiceAsyncStub
    endpoint: str
    feed: MemoryAvailabilityFeed
    cluster: ClusterServiceAsyncStub
    allotments: AllotmentServiceAsyncStub
    reservations: ReservationServiceAsyncStub


def _serve_seats(rpc: RpcServer, seats: InventoryServicer, host: PerformanceHost) -> None:
    allotments, reservations = AllotmentServicer(host), ReservationServicer(host)
    rpc.add(partial(add_InventoryServiceServicer_to_server, seats), "balcon.inventory.v1.InventoryService")
    rpc.add(partial(add_AllotmentServiceServicer_to_server, allotments), "balcon.inventory.v1.AllotmentService")
    rpc.add(partial(add_ReservationServiceServicer_to_server, reservations), "balcon.inventory.v1.ReservationService")


_NO_PLANS = MemoryPlans(MemoryRecord(), MemoryPerformances())


@asynccontextmanager
async def running_node(
    redis_url: str,
    database_url: str,
    performances: Performances,
    *inside: grpc.aio.ServerInterceptor,
    forwards: bool = False,
    halls: HallPlans | None = None,
) -> AsyncIterator[Node]:
    """A node of the cluster that shares these stores. Its loops do not run: tests call what they need."""
    clock, ids, feed = SystemClock(), RandomIds(), MemoryAvailabilityFeed()
    async with AsyncExitStack() as stack:
        engine = create_engine(database_url, application="test")
        stack.push_async_callback(engine.dispose)
        redis = connect(redis_url)
        stack.push_async_callback(redis.aclose)
        directory = PostgresDirectory(engine)
        # Nobody renews it: it must outlive the slowest test.
        lease = NodeLease(RedisLeaseStore(redis), directory, clock, ids, ttl_seconds=3_600)
        holds = RedisHoldStore(redis)
        record = partial(PostgresClaimStore, engine, act_log=OutboxActLog(clock, ids, wake=lambda: None))
        activation = Activation(lease, directory, holds, record, clock)
        host = PerformanceHost(lease, performances, activation, feed, clock)
        changer = PlanChanger(host, halls or _NO_PLANS, PostgresPlanStore(engine), clock)
        servicer = InventoryServicer(host, changer, PostgresBlockList(engine), clock)
        rpc = RpcServer(clock=clock, ids=ids)
        _serve_seats(rpc, servicer, host)
        forwarding = OwnerForwarding(clock)
        stack.push_async_callback(forwarding.close)
        cluster = ClusterServicer(lease, directory, performances, host, forwarding.channel_to)
        rpc.add(partial(add_ClusterServiceServicer_to_server, cluster), "balcon.inventory.v1.ClusterService")
        for interceptor in (*inside, forwarding) if forwards else inside:
            rpc.intercept(interceptor)
        await rpc.start()
        stack.push_async_callback(rpc.stop, 1.0)
        # As main.py does it: who is asked next finds nobody alive that placement might prefer.
        stack.push_async_callback(lease.resign)
        stack.push_async_callback(host.hand_over)
        lease.endpoint = f"127.0.0.1:{rpc.port}"
        await lease.renew()
        await lease.look_around()
        channel = open_channel(lease.endpoint, clock, own_connection=True)
        stack.push_async_callback(channel.close)
        seats, allotments = InventoryServiceStub(channel), AllotmentServiceStub(channel)
        cluster_calls, reservations = ClusterServiceStub(channel), ReservationServiceStub(channel)
        endpoint = lease.endpoint
        yield Node(host, lease, redis, engine, seats, endpoint, feed, cluster_calls, allotments, reservations)
