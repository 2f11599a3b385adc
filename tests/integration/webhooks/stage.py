"""Webhooks as main.py wires it, in the test's own process: real gRPC, PostgreSQL and HTTP, a bus that is a log."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import grpc
from balcon.accounts.v1 import accounts_service_pb2 as accounts
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer, add_AccountsServiceServicer_to_server
from balcon.acts.v1.acts_events_pb2 import ActDone
from balcon.orders.v1.orders_events_pb2 import OrderConfirmed
from balcon.webhooks.v1 import webhooks_pb2 as pb
from balcon.webhooks.v1.webhooks_service_pb2_grpc import WebhooksServiceStub
from google.protobuf.message import Message
from pydantic import SecretStr
from sqlalchemy import text

from services.integrations.webhooks.main import build
from services.integrations.webhooks.ports.names import NameUnknown
from services.integrations.webhooks.settings import WebhooksSettings
from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import Bus
from services.runtime.bus.topics import ORDERS, TOPICS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.server import RpcServer
from services.runtime.service import Service
from services.runtime.testing.access import TEST_SERVICE_KEY
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.servers import as_owner
from tests.integration.webhooks.receivers import Receivers

if TYPE_CHECKING:
    from balcon.webhooks.v1.webhooks_service_pb2_grpc import WebhooksServiceAsyncStub

IDS = RandomIds()
HOUSE, OTHER_HOUSE = "hse_one", "hse_two"
SHOW, OTHER_SHOW = "perf_1", "perf_2"
Context = grpc.aio.ServicerContext[Any, Any]


class FixedNames:
    """A resolver of the test's own: what each name answers, one after the other, the last for good."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Sequence[str]]] = {}

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        if host == "127.0.0.1":
            return ["127.0.0.1"]
        known = self.answers.get(host)
        if not known:
            raise NameUnknown(host)
        return known.pop(0) if len(known) > 1 else known[0]


class Accounts(AccountsServiceServicer):
    """Two owners and somebody else in every house."""

    async def GetHouse(self, request: accounts.GetHouseRequest, context: Context) -> accounts.GetHouseResponse:
        house_id = request.house_id
        house = accounts.House(
            house_id=house_id, name=f"House {house_id}", time_zone="Europe/Amsterdam", languages=["nl", "en"]
        )
        return accounts.GetHouseResponse(house=house)

    async def ListMembers(self, request: accounts.ListMembersRequest, context: Context) -> accounts.ListMembersResponse:
        members = [
            accounts.Member(house_id=request.house_id, email=f"{name}@{request.house_id}.example", roles=roles)
            for name, roles in {"ada": ["owner"], "bob": ["marketing"], "eve": ["owner", "finance"]}.items()
        ]
        return accounts.ListMembersResponse(members=members)


class Webhooks:
    """A running service, a client of it, its database, its mails, and the bus that the other services tell it by."""

    def __init__(self, service: Service, channel: grpc.aio.Channel, world: World) -> None:
        self.service = service
        self.stub: WebhooksServiceAsyncStub = WebhooksServiceStub(channel)
        self.world = world
        self.receivers = world.receivers

    async def endpoint(self, name: str, *, house_id: str = HOUSE, **wanted: Any) -> tuple[pb.Endpoint, str]:
        """A new one with its secret, told everything of orders if nothing else is wanted."""
        wanted = wanted or {"topics": [ORDERS]}
        url = wanted.pop("url", self.receivers.url(name))
        request = pb.CreateEndpointRequest(idempotency_key=IDS.new_id("key"), house_id=house_id, url=url, **wanted)
        answer = await self.stub.CreateEndpoint(request)
        return answer.endpoint, answer.secret

    async def get(self, endpoint: pb.Endpoint) -> pb.Endpoint:
        request = pb.GetEndpointRequest(house_id=endpoint.house_id, endpoint_id=endpoint.endpoint_id)
        return (await self.stub.GetEndpoint(request)).endpoint

    async def log(self, endpoint: pb.Endpoint, **wanted: Any) -> list[pb.Delivery]:
        names: dict[str, Any] = {"house_id": endpoint.house_id, "endpoint_id": endpoint.endpoint_id, **wanted}
        return list((await self.stub.ListDeliveries(pb.ListDeliveriesRequest(**names))).deliveries)

    async def delivery(self, endpoint: pb.Endpoint, event_id: str) -> pb.Delivery:
        request = pb.GetDeliveryRequest(house_id=endpoint.house_id, endpoint_id=endpoint.endpoint_id, event_id=event_id)
        return (await self.stub.GetDelivery(request)).delivery

    async def until(self, endpoint: pb.Endpoint, state: str, count: int = 1) -> list[pb.Delivery]:
        """The deliveries that stand so, once there are so many."""
        wire = pb.DeliveryState.Value(f"DELIVERY_STATE_{state}")
        found: list[pb.Delivery] = []

        async def there() -> bool:
            found[:] = await self.log(endpoint, state=wire, page_size=500)
            return len(found) == count

        await eventually(there)
        return found

    async def until_state(self, endpoint: pb.Endpoint, state: str) -> pb.Endpoint:
        wire = pb.EndpointState.Value(f"ENDPOINT_STATE_{state}")
        found: list[pb.Endpoint] = []

        async def there() -> bool:
            found[:] = [await self.get(endpoint)]
            return found[0].state == wire

        await eventually(there)
        return found[0]

    async def sold(self, order_id: str = "", *, house_id: str = HOUSE, show: str = SHOW) -> str:
        """The id of the event that tells of it."""
        sold = OrderConfirmed(order_id=order_id or IDS.new_id("ord"), house_id=house_id, performance_id=show)
        return await self.world.tell(ORDERS, sold, house_id=house_id, key=show)

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        return await self.world.rows(sql)

    async def acts(self) -> list[ActDone]:
        """What the act log was told."""
        rows = await self.rows("SELECT payload FROM outbox WHERE topic = 'balcon.acts.v1' ORDER BY id")
        return [ActDone.FromString(bytes(payload)) for (payload,) in rows]

    async def again(self, *endpoints: pb.Endpoint) -> None:
        """What waits is due now: nobody waits for a test's retries."""
        await self.world.rows("UPDATE outbound_dispatch SET due_at_ms = 0 WHERE settled IS NULL RETURNING dispatch_id")
        await self.world.rows("UPDATE outbound_target SET rests_until_ms = 0 RETURNING target_id")


class World:
    """What is around the service: bus, accounts, receivers, names, the database as its owner sees it."""

    def __init__(self, database_url: str, bus_url: str, mail: Path, clock: ShiftedClock) -> None:
        self.database_url, self.bus_url, self.mail, self.clock = database_url, bus_url, mail, clock
        self.receivers = Receivers()
        self.names = FixedNames()
        self._accounts = RpcServer(clock=SystemClock(), ids=IDS)
        self._engine = as_owner(database_url)
        self.bus: Bus = open_bus(bus_url, clock=SystemClock(), ids=IDS, client_id="test")
        self._told: dict[tuple[str, str], int] = {}

    async def open(self) -> None:
        await self.bus.create_topics(TOPICS)
        await self.receivers.start()
        self._accounts.add(
            lambda server: add_AccountsServiceServicer_to_server(Accounts(), server),  # type: ignore[abstract]
            "balcon.accounts.v1.AccountsService",
        )
        await self._accounts.start()

    async def close(self) -> None:
        await self.receivers.stop()
        await self._accounts.stop(0)
        await self.bus.close()
        await self._engine.dispose()

    async def tell(self, topic: str, event: Message, *, house_id: str, key: str) -> str:
        """An event of another service; its id."""
        event_id = IDS.new_id("evt")
        sequence = self._told[topic, key] = self._told.get((topic, key), 0) + 1
        payload = event.SerializeToString()
        outgoing = OutgoingEvent(topic, key, event.DESCRIPTOR.full_name, payload, house_id)
        source, now_ms = topic.removesuffix(".v1"), self.clock.now_ms()
        message = to_message(outgoing, event_id=event_id, source=source, time_ms=now_ms, sequence=sequence)
        await self.bus.publish([message])
        return event_id

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        async with self._engine.begin() as connection:
            await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
            return [tuple(row) for row in await connection.execute(text(sql))]

    async def everything(self) -> str:
        """All rows of all tables, in words."""
        names = await self.rows(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        found = [await self.rows(f'SELECT * FROM "{name}"') for (name,) in names]
        return "\n".join(map(repr, found))

    def mails(self) -> list[EmailMessage]:
        found = [message_from_bytes(path.read_bytes(), policy=default) for path in sorted(self.mail.glob("*.eml"))]
        return sorted(found, key=lambda one: str(one["To"]))

    @asynccontextmanager
    async def serving(self, **tuned: Any) -> AsyncIterator[Webhooks]:
        """One process' worth of the service, until the block ends."""
        settings = WebhooksSettings(
            database_url=SecretStr(self.database_url),
            bus_url=SecretStr(self.bus_url),
            sealing_secrets=SecretStr("a sealing secret of tests"),
            mail_folder=str(self.mail),
            accounts_target=f"127.0.0.1:{self._accounts.port}",
            relay_interval_seconds=0.1,
            drain_seconds=1,
            service_key=SecretStr(TEST_SERVICE_KEY),
            **{"allow_private_targets": True, **tuned},
        )
        service = Service("webhooks", settings)
        service.clock = self.clock
        await build(service, settings, self.names)
        await service.start()
        channel = open_channel(f"127.0.0.1:{service.rpc.port}", service.clock)
        try:
            yield Webhooks(service, channel, self)
        finally:
            await channel.close()
            await service.stop()


@asynccontextmanager
async def opened_world(database_url: str, bus_url: str) -> AsyncIterator[World]:
    """Until the block ends."""
    with TemporaryDirectory() as folder:
        world = World(database_url, bus_url, Path(folder), ShiftedClock())
        await world.open()
        try:
            yield world
        finally:
            await world.close()


def named(endpoint: pb.Endpoint) -> Mapping[str, Any]:
    """What every request about it names."""
    return {"house_id": endpoint.house_id, "endpoint_id": endpoint.endpoint_id}
