"""Customers as main.py wires it, in the test's own process: real gRPC, real PostgreSQL, a bus that is a log in it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import grpc
from balcon.audit.v1.audit_service_pb2 import AuditRequest, Check
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.customers.v1 import consents_pb2, customers_pb2, own_data_pb2
from balcon.customers.v1 import customers_events_pb2 as events
from balcon.customers.v1.consents_service_pb2_grpc import ConsentsServiceStub
from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceStub
from balcon.orders.v1 import orders_events_pb2 as order_events
from google.protobuf.message import Message
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.customers.main import build
from services.customers.settings import CustomersSettings
from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import Bus
from services.runtime.bus.topics import CATALOGUE, ORDERS, TOPICS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.rpc.client import open_channel
from services.runtime.service import Service
from services.runtime.testing.access import TEST_SERVICE_KEY
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.servers import as_owner
from tests.integration.customers.neighbours import DUTCH, Neighbours

if TYPE_CHECKING:
    from balcon.customers.v1.consents_service_pb2_grpc import ConsentsServiceAsyncStub
    from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceAsyncStub

IDS = RandomIds()
SHOW = "perf_1"
_LINK = re.compile(r"https?://\S+/(\w+)/([\w-]+)/([\w-]+)\n")
_EVENTS = {
    one.DESCRIPTOR.full_name: one for one in (events.ConsentChanged, events.CustomerErased, events.CustomersMerged)
}


class Customers:
    """A running service, clients of it, its database, its mails, and the bus that the other services tell it by."""

    def __init__(self, service: Service, channel: grpc.aio.Channel, engine: AsyncEngine, bus: Bus, mail: Path) -> None:
        self.service = service
        self.stub: CustomersServiceAsyncStub = CustomersServiceStub(channel)
        self.consents: ConsentsServiceAsyncStub = ConsentsServiceStub(channel)
        self._audit = AuditServiceStub(channel)
        self._engine = engine
        self._bus = bus
        self._mail = mail
        self._told: dict[tuple[str, str], int] = {}

    async def identified(self, *buyers: customers_pb2.Buyer, house_id: str = DUTCH) -> list[customers_pb2.Identified]:
        request = customers_pb2.IdentifyCustomersRequest(house_id=house_id, buyers=buyers)
        return list((await self.stub.IdentifyCustomers(request)).customers)

    async def customer(self, email: str, house_id: str = DUTCH, **more: Any) -> str:
        """The id of who has the address; made where nobody has."""
        [who] = await self.identified(a_buyer(email, **more), house_id=house_id)
        return who.customer_id

    async def asking(
        self,
        scope: events.ConsentScope.ValueType = events.CONSENT_SCOPE_HOUSE,
        thing_id: str = "",
        *,
        house_id: str = DUTCH,
        medium: events.ConsentMedium.ValueType = events.CONSENT_MEDIUM_EMAIL,
    ) -> consents_pb2.Consent:
        """A question of the house."""
        request = consents_pb2.CreateConsentRequest(
            idempotency_key=IDS.new_id("key"),
            house_id=house_id,
            scope=scope,
            thing_id=thing_id,
            medium=medium,
            texts=[consents_pb2.ConsentText(language="en", title="News", description="Once a month.")],
        )
        return (await self.consents.CreateConsent(request)).consent

    async def answers(self, customer_id: str, house_id: str = DUTCH) -> dict[str, consents_pb2.CustomerConsent]:
        """How a customer's answers stand, by question."""
        request = consents_pb2.ListCustomerConsentsRequest(house_id=house_id, customer_id=customer_id)
        return {one.consent_id: one for one in (await self.consents.ListCustomerConsents(request)).consents}

    async def state(self, customer_id: str, consent_id: str, house_id: str = DUTCH) -> str:
        """CONFIRMED, ...; '' where nothing was said."""
        found = (await self.answers(customer_id, house_id)).get(consent_id)
        return events.ConsentState.Name(found.state).removeprefix("CONSENT_STATE_") if found else ""

    async def session(self, email: str, house_id: str = DUTCH) -> str:
        """Opened by the link of a mail."""
        before = len(self.mails(email))
        await self.stub.RequestCustomerLink(own_data_pb2.RequestCustomerLinkRequest(house_id=house_id, email=email))
        await eventually(lambda: len(self.mails(email)) > before)
        secret = self.links(email, "own-data")[-1]
        opened = await self.stub.OpenCustomerLink(
            own_data_pb2.OpenCustomerLinkRequest(house_id=house_id, secret=secret)
        )
        return opened.session_secret

    def mails(self, to: str) -> list[EmailMessage]:
        """Those to an address, the oldest first."""
        paths = sorted(self._mail.glob("*.eml"))
        found = [message_from_bytes(path.read_bytes(), policy=default) for path in paths]
        return [one for one in found if one["To"] == to]

    def links(self, to: str, page: str) -> list[str]:
        """The secrets of the links in the mails to an address."""
        bodies = [str(one.get_content()) for one in self.mails(to)]
        return [
            secret for body in bodies for _, kind, secret in _LINK.findall(body.replace("\r\n", "\n")) if kind == page
        ]

    async def tell_order(self, event: Message, *, house_id: str = DUTCH, performance_id: str = SHOW) -> None:
        """An event of orders."""
        await self._tell(ORDERS, "balcon.orders", event, performance_id, house_id)

    async def tell_show(self, event: Message, *, house_id: str = DUTCH, performance_id: str = SHOW) -> None:
        """An event of the catalogue."""
        await self._tell(CATALOGUE, "balcon.catalogue", event, performance_id, house_id)

    async def ordered(self, order_id: str, customer_id: str, house_id: str = DUTCH, show: str = SHOW) -> None:
        """The order is there."""
        made = order_events.OrderCreated(
            order_id=order_id, house_id=house_id, performance_id=show, customer_id=customer_id
        )
        await self.tell_order(made, house_id=house_id, performance_id=show)

    async def bought(self, order_id: str, customer_id: str, house_id: str = DUTCH, show: str = SHOW) -> None:
        """The order is paid, and customers has heard of it."""
        sold = order_events.OrderConfirmed(
            order_id=order_id,
            house_id=house_id,
            performance_id=show,
            customer_id=customer_id,
            confirmed_at_ms=self.service.clock.now_ms(),
        )
        await self.tell_order(sold, house_id=house_id, performance_id=show)
        await self.heard()

    async def heard(self) -> None:
        """Until all that was told is applied."""
        expected = sum(self._told.values())

        async def all_there() -> bool:
            [(count,)] = await self.rows("SELECT count(*) FROM inbox WHERE consumer = 'customers'")
            return bool(count >= expected)

        await eventually(all_there)

    async def _tell(self, topic: str, source: str, event: Message, key: str, house_id: str) -> None:
        sequence = self._told[topic, key] = self._told.get((topic, key), 0) + 1
        payload = event.SerializeToString()
        outgoing = OutgoingEvent(topic, key, event.DESCRIPTOR.full_name, payload, house_id)
        now_ms = self.service.clock.now_ms()
        message = to_message(outgoing, event_id=IDS.new_id("evt"), source=source, time_ms=now_ms, sequence=sequence)
        await self._bus.publish([message])

    async def events(self) -> list[Message]:
        """What it has published or is about to, of its own topic, in order."""
        rows = await self.rows("SELECT type, payload FROM outbox WHERE topic = 'balcon.consents.v1' ORDER BY id")
        return [_EVENTS[name].FromString(bytes(payload)) for name, payload in rows]

    async def acts(self) -> list[str]:
        """What the act log was told."""
        rows = await self.rows("SELECT payload FROM outbox WHERE topic = 'balcon.acts.v1' ORDER BY id")
        return [str(bytes(payload)) for (payload,) in rows]

    async def audit(self) -> list[Check]:
        answers = self._audit.Audit(AuditRequest())
        return [check async for answer in answers for check in answer.checks]

    @asynccontextmanager
    async def at_once(self) -> AsyncIterator[AsyncConnection]:
        """A transaction beside the service's own."""
        async with self._engine.begin() as connection:
            await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
            yield connection

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        async with self._engine.begin() as connection:
            await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
            return [tuple(row) for row in await connection.execute(text(sql))]

    async def everything(self) -> str:
        """All rows of all tables, in words; but not how recently a worker has said that it lives."""
        names = await self.rows(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'procrastinate_workers'"
        )
        found = [await self.rows(f'SELECT * FROM "{name}"') for (name,) in names]
        return "\n".join(map(repr, found))


def a_buyer(email: str, *, ref: str = "", name: str = "Ada Lovelace", **more: Any) -> customers_pb2.Buyer:
    """A guest."""
    return customers_pb2.Buyer(ref=ref or IDS.new_id("ord"), name=name, email=email, **more)


def a_tick(consent: consents_pb2.Consent) -> customers_pb2.ConsentTick:
    """Of the text as it is now."""
    return customers_pb2.ConsentTick(consent_id=consent.consent_id, text_version=consent.text_version)


@asynccontextmanager
async def running_customers(
    database_url: str, bus_url: str, neighbours: Neighbours, *, clock: ShiftedClock | None = None
) -> AsyncIterator[Customers]:
    """Serves until the block ends."""
    with TemporaryDirectory() as folder:
        settings = CustomersSettings(
            database_url=SecretStr(database_url),
            bus_url=SecretStr(bus_url),
            sealing_secrets=SecretStr("a sealing secret of tests"),
            mail_folder=folder,
            accounts_target=neighbours.target,
            orders_target=neighbours.target,
            ticketing_target=neighbours.target,
            relay_interval_seconds=0.1,
            drain_seconds=1,
            service_key=SecretStr(TEST_SERVICE_KEY),
        )
        service = Service("customers", settings)
        service.clock = clock or service.clock
        engine = as_owner(database_url)
        bus = open_bus(bus_url, clock=SystemClock(), ids=IDS, client_id="test")
        await bus.create_topics(TOPICS)
        await build(service, settings)
        await service.start()
        channel = open_channel(f"127.0.0.1:{service.rpc.port}", service.clock)
        try:
            yield Customers(service, channel, engine, bus, Path(folder))
        finally:
            await channel.close()
            await service.stop()
            await bus.close()
            await engine.dispose()
