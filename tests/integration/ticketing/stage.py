"""Ticketing as main.py wires it, in the test's own process: real gRPC, real PostgreSQL, a bus that is a log in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
from balcon.audit.v1.audit_service_pb2 import AuditRequest, Check
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.ticketing.v1 import ticketing_service_pb2 as pb
from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceStub
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import Bus
from services.runtime.bus.topics import ALLOTMENTS, CATALOGUE, CONSENTS, ORDERS, TOPICS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.rpc.client import open_channel
from services.runtime.service import Service
from services.runtime.testing.access import TEST_SERVICE_KEY
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.servers import as_owner
from services.ticketing.main import build
from services.ticketing.settings import TicketingSettings

if TYPE_CHECKING:
    from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceAsyncStub

IDS = RandomIds()
HOUSE, SHOW = "hse_1", "perf_1"
PAID_MS = 1_800_000_000_000
NOWHERE = "127.0.0.1:1"


class Ticketing:
    """A running service, a client of it, its database, and the bus that the other services tell it by."""

    def __init__(self, service: Service, channel: grpc.aio.Channel, engine: AsyncEngine, bus: Bus) -> None:
        self.service = service
        self.stub: TicketingServiceAsyncStub = TicketingServiceStub(channel)
        self.channel = channel
        self._audit = AuditServiceStub(channel)
        self._engine = engine
        self._bus = bus
        self._told: dict[tuple[str, str], int] = {}

    async def issued(self, order_id: str, *seats: str, house_id: str = HOUSE, **changes: Any) -> pb.IssuedTickets:
        """What the order is answered."""
        request = pb.IssueTicketsRequest(house_id=house_id, orders=[an_order(order_id, *seats, **changes)])
        [answer] = (await self.stub.IssueTickets(request)).orders
        return answer

    async def checked(self, code: str, performance_id: str = SHOW, house_id: str = HOUSE) -> str:
        """The verdict, with the reason of a void one."""
        request = pb.CheckCodeRequest(house_id=house_id, performance_id=performance_id, code=code)
        answer = await self.stub.CheckCode(request)
        verdict = pb.CodeVerdict.Name(answer.verdict).removeprefix("CODE_VERDICT_")
        reason = answer.void_reason
        return f"{verdict} {reason}" if reason else verdict

    async def revocations(self, after: int = 0, performance_id: str = SHOW) -> pb.ListRevocationsResponse:
        request = pb.ListRevocationsRequest(house_id=HOUSE, performance_id=performance_id, after=after)
        return await self.stub.ListRevocations(request)

    async def keys(self) -> dict[str, Ed25519PublicKey]:
        """As an offline door keeps them."""
        told = await self.stub.ListTicketKeys(pb.ListTicketKeysRequest(house_id=HOUSE))
        return {key.key_id: Ed25519PublicKey.from_public_bytes(key.public_key) for key in told.keys}

    async def tell_order(self, event: Message, performance_id: str = SHOW) -> None:
        """An event of orders."""
        await self._tell(ORDERS, "balcon.orders", event, performance_id)

    async def tell_show(self, event: Message, performance_id: str = SHOW) -> None:
        """An event of the catalogue's."""
        await self._tell(CATALOGUE, "balcon.catalogue", event, performance_id)

    async def tell_customer(self, event: Message, customer_id: str) -> None:
        """An event of customers'."""
        await self._tell(CONSENTS, "balcon.customers", event, customer_id)

    async def tell_allotment(self, event: Message, performance_id: str = SHOW) -> None:
        """An event of the owner's."""
        await self._tell(ALLOTMENTS, "balcon.inventory", event, performance_id)

    async def _tell(self, topic: str, source: str, event: Message, key: str) -> None:
        sequence = self._told[topic, key] = self._told.get((topic, key), 0) + 1
        payload = event.SerializeToString()
        outgoing = OutgoingEvent(topic, key, event.DESCRIPTOR.full_name, payload, HOUSE)
        now_ms = self.service.clock.now_ms()
        message = to_message(outgoing, event_id=IDS.new_id("evt"), source=source, time_ms=now_ms, sequence=sequence)
        await self._bus.publish([message])

    async def audit(self) -> list[Check]:
        answers = self._audit.Audit(AuditRequest())
        return [check async for answer in answers for check in answer.checks]

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        async with self._engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(sql))]

    async def damage(self, sql: str) -> None:
        """Changes rows behind the service's back."""
        async with self._engine.begin() as connection:
            await connection.execute(text(sql))


def an_order(order_id: str, *seats: str, performance_id: str = SHOW, paid_ms: int = PAID_MS) -> pb.OrderTickets:
    """With normal tickets for the seats."""
    paid_at = Timestamp()
    paid_at.FromMilliseconds(paid_ms)
    wanted = [
        pb.TicketSeat(seat_id=seat, ticket_type="normal", zone="Stalls", row_name="1", seat_name=seat) for seat in seats
    ]
    return pb.OrderTickets(order_id=order_id, performance_id=performance_id, seats=wanted, paid_at=paid_at)


@asynccontextmanager
async def running_ticketing(
    database_url: str, bus_url: str, *, clock: ShiftedClock | None = None, **changes: Any
) -> AsyncIterator[Ticketing]:
    """Serves until the block ends."""
    fields: dict[str, Any] = {
        "database_url": SecretStr(database_url),
        "bus_url": SecretStr(bus_url),
        "sealing_secrets": SecretStr("a sealing secret of tests"),
        "mail_folder": "/nonexistent/mail",
        "catalogue_target": NOWHERE,
        "inventory_target": NOWHERE,
        "orders_target": NOWHERE,
        "customers_target": NOWHERE,
        "payments_target": NOWHERE,
        "accounts_target": NOWHERE,
        "relay_interval_seconds": 0.1,
        "drain_seconds": 1,
        "service_key": SecretStr(TEST_SERVICE_KEY),
    }
    settings = TicketingSettings(**(fields | changes))
    service = Service("ticketing", settings)
    service.clock = clock or service.clock
    engine = as_owner(database_url)
    bus = open_bus(bus_url, clock=SystemClock(), ids=IDS, client_id="test")
    await bus.create_topics(TOPICS)
    await build(service, settings)
    await service.start()
    channel = open_channel(f"127.0.0.1:{service.rpc.port}", service.clock)
    try:
        yield Ticketing(service, channel, engine, bus)
    finally:
        await channel.close()
        await service.stop()
        await bus.close()
        await engine.dispose()
