"""One orders process, built by its own main, among served twins, over real Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from balcon.types.v1.money_pb2 import Money
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE

from services.orders.main import build
from services.orders.settings import OrdersSettings
from services.runtime.bus.factory import open_bus
from services.runtime.bus.topics import TOPICS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.service import Service
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.orders.neighbours import Neighbours
from tests.unit.orders.builders import HOUSE, SHOW, a_hold

if TYPE_CHECKING:
    from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub

CLOCK = SystemClock()
IDS = RandomIds()


@dataclass
class Stage:
    """The neighbours, and as many orders processes over one database as a test starts."""

    neighbours: Neighbours
    settings: dict[str, Any]
    running: list[tuple[Service, grpc.aio.Channel]] = field(default_factory=list)

    async def start(self, **changes: Any) -> OrdersServiceAsyncStub:
        """Another process."""
        settings = OrdersSettings(**{**self.settings, **changes})
        service = Service("orders", settings)
        await build(service, settings)
        await service.start()
        channel = open_channel(f"127.0.0.1:{service.rpc.port}", CLOCK)
        self.running.append((service, channel))
        stub: OrdersServiceAsyncStub = OrdersServiceStub(channel)
        return stub

    async def stop_all(self) -> None:
        """Ends the processes; the database and the neighbours stay."""
        while self.running:
            service, channel = self.running.pop()
            await channel.close()
            await service.stop()

    def target(self) -> str:
        """host:port of the first process."""
        return f"127.0.0.1:{self.running[0][0].rpc.port}"

    def create_request(self, *seats: str, key: str = "", **changes: Any) -> wire.CreateOrderRequest:
        """An order out of a fresh hold."""
        hold_id = IDS.new_id("hold")
        held = a_hold(*seats, hold_id=hold_id, until_ms=CLOCK.now_ms() + 600_000)
        self.neighbours.inventory.hold(SHOW, held)
        fields: dict[str, Any] = {
            "idempotency_key": key or IDS.new_id("key"),
            "house_id": HOUSE,
            "performance_id": SHOW,
            "hold_id": hold_id,
            "holder_id": "holder_1",
            "seats": [wire.SeatChoice(seat_id=seat) for seat in held.seat_ids],
            "customer": wire.Customer(name="Ada Lovelace", email="ada@example.org"),
            "channel": CHANNEL_ONLINE,
        }
        return wire.CreateOrderRequest(**{**fields, **changes})


def check_out_request(order: wire.Order, **changes: Any) -> wire.CheckOutRequest:
    """With the total that the order has."""
    fields: dict[str, Any] = {
        "idempotency_key": f"out-{order.order_id}",
        "house_id": order.house_id,
        "order_id": order.order_id,
        "expected_total": Money(amount_minor=order.total.amount_minor, currency=order.total.currency),
        "return_url": "https://shop.example/done",
    }
    return wire.CheckOutRequest(**{**fields, **changes})


def get_request(order: wire.Order, wait_ms: int = 20_000) -> wire.GetOrderRequest:
    """Waits until the order is final."""
    return wire.GetOrderRequest(house_id=order.house_id, order_id=order.order_id, wait_ms=wait_ms)


@pytest.fixture
async def stage(database_url: DatabaseUrl) -> AsyncIterator[Stage]:
    """Nothing runs yet but the neighbours."""
    bus_url = database_url()
    bus = open_bus(bus_url, clock=CLOCK, ids=IDS, client_id="test")
    await bus.create_topics(TOPICS)
    neighbours = Neighbours(bus)
    await neighbours.start()
    settings = {
        "database_url": database_url("orders"),
        "bus_url": bus_url,
        "inventory_target": neighbours.target,
        "catalogue_target": neighbours.target,
        "payments_target": neighbours.target,
        "ticketing_target": neighbours.target,
        "customers_target": neighbours.target,
        "sealing_secrets": "a-secret-of-the-tests",
        "call_timeout_seconds": 2,
        "lease_seconds": 4,
        "saga_interval_seconds": 0.05,
        "relay_interval_seconds": 0.05,
        "drain_seconds": 0.2,
    }
    found = Stage(neighbours, settings)
    yield found
    await found.stop_all()
    await neighbours.stop()
    await bus.close()
