"""Trackers as main.py wires it, in the test's own process: real gRPC, real PostgreSQL, a bus that is a log in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
from balcon.audit.v1.audit_service_pb2 import AuditRequest, Check
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.funnel.v1.funnel_events_pb2 import FunnelStep
from balcon.orders.v1.orders_events_pb2 import OrderConfirmed
from balcon.orders.v1.orders_service_pb2 import OrderLine
from balcon.trackers.v1 import trackers_pb2 as pb
from balcon.trackers.v1 import visits_pb2
from balcon.trackers.v1.trackers_service_pb2_grpc import TrackersServiceStub
from balcon.trackers.v1.visits_service_pb2_grpc import VisitsServiceStub
from balcon.types.v1.money_pb2 import Money
from google.protobuf.message import Message
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.wire_types import wire_instant
from services.integrations.trackers.adapters.outbound_server_side import OutboundServerSide
from services.integrations.trackers.adapters.postgres_trackers import PostgresTrackers
from services.integrations.trackers.adapters.postgres_transaction import TransactionTools
from services.integrations.trackers.adapters.server_side import ServerSide
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.main import build
from services.integrations.trackers.settings import TrackersSettings
from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import Bus
from services.runtime.bus.topics import CATALOGUE, ORDERS, TOPICS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbound.memory_queue import MemoryQueue
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.rpc.client import open_channel
from services.runtime.seal import Seal
from services.runtime.service import Service
from services.runtime.testing.access import TEST_SERVICE_KEY
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.servers import as_owner
from tests.integration.trackers.shows import A, Shows, show_of

if TYPE_CHECKING:
    from balcon.trackers.v1.trackers_service_pb2_grpc import TrackersServiceAsyncStub
    from balcon.trackers.v1.visits_service_pb2_grpc import VisitsServiceAsyncStub

IDS = RandomIds()
NOWHERE = "http://127.0.0.1:9"
ALL_CONSENTS = ("analytics_storage", "ad_storage", "ad_user_data", "ad_personalization")
META, ADS, GTM, X = (
    pb.TRACKER_KIND_META_PIXEL,
    pb.TRACKER_KIND_GOOGLE_ADS,
    pb.TRACKER_KIND_GOOGLE_TAG_MANAGER,
    pb.TRACKER_KIND_X_PIXEL,
)
ID_FORMS: Mapping[int, pb.TrackerIds] = {
    META: pb.TrackerIds(account="123456789012345"),
    ADS: pb.TrackerIds(account="AW-123456789", start_event="startLabel1", purchase_event="doneLabel1"),
    GTM: pb.TrackerIds(account="GTM-ABC1234"),
    X: pb.TrackerIds(account="o5h34", start_event="tw-o5h34-start", purchase_event="tw-o5h34-done1"),
}
TOKEN = "EAAG-a-token-of-meta-0123456789"
SEAL = Seal(["a sealing secret of tests"], owner="trackers")
WEEK_MS = 7 * 86_400_000
SILENT = OutboundServerSide(MemoryQueue())
VALUE = Money(amount_minor=5_000, currency="EUR")


class Trackers:
    """A running service, clients of it, its database, and the bus that the other services tell it by."""

    def __init__(self, service: Service, channel: grpc.aio.Channel, engine: AsyncEngine, bus: Bus) -> None:
        self.service = service
        self.stub: TrackersServiceAsyncStub = TrackersServiceStub(channel)
        self.visits: VisitsServiceAsyncStub = VisitsServiceStub(channel)
        self._audit = AuditServiceStub(channel)
        self._engine = engine
        self._bus = bus
        self._told: dict[tuple[str, str], int] = {}
        self._steps = 0

    async def tracker(
        self,
        kind: pb.TrackerKind.ValueType = META,
        *,
        house_id: str = A,
        key: str = "",
        ids: pb.TrackerIds | None = None,
        credentials: pb.TrackerCredentials | None = None,
    ) -> pb.Tracker:
        """A new one."""
        request = pb.CreateTrackerRequest(
            idempotency_key=key or IDS.new_id("key"),
            house_id=house_id,
            kind=kind,
            name="Ours",
            ids=ids or ID_FORMS[kind],
            credentials=credentials,
        )
        return (await self.stub.CreateTracker(request)).tracker

    async def attached(self, *kinds: pb.TrackerKind.ValueType, house_id: str = A, **more: Any) -> list[pb.Tracker]:
        """New ones of the kinds, at the house's first performance."""
        made = [await self.tracker(kind, house_id=house_id, **more) for kind in kinds]
        for tracker in made:
            await self.attach(tracker)
        return made

    async def attach(self, tracker: pb.Tracker, performance_id: str = "") -> pb.Attachment:
        request = pb.AttachTrackerRequest(
            house_id=tracker.house_id,
            tracker_id=tracker.tracker_id,
            performance_id=performance_id or show_of(tracker.house_id),
        )
        return (await self.stub.AttachTracker(request)).attachment

    def choices(self, *granted: str, at_ms: int = 0) -> visits_pb2.VisitConsents:
        """Of all kinds, those granted, the others refused."""
        chosen_at = wire_instant(at_ms or self.service.clock.now_ms())
        return visits_pb2.VisitConsents(
            **{name: visits_pb2.Choice(granted=name in granted, chosen_at=chosen_at) for name in ALL_CONSENTS}
        )

    async def visit(
        self,
        visit_id: str,
        *granted: str,
        house_id: str = A,
        traces: visits_pb2.VisitTraces | None = None,
        at_ms: int = 0,
    ) -> visits_pb2.VisitConsents:
        """The visitor has chosen."""
        request = visits_pb2.RecordVisitRequest(
            house_id=house_id, visit_id=visit_id, consents=self.choices(*granted, at_ms=at_ms), traces=traces
        )
        return (await self.visits.RecordVisit(request)).consents

    async def come_to(
        self, visit_id: str, step: Step, *, house_id: str = A, number: int = 1, order_id: str = ""
    ) -> None:
        """The shop says that the visit came to a step, and the service has heard its own event."""
        request = visits_pb2.ReportStepRequest(
            house_id=house_id,
            performance_id=show_of(house_id, number),
            visit_id=visit_id,
            step=wire_step(step),
            order_id=order_id,
            value=VALUE if order_id else None,
            tickets=2 if order_id else 0,
        )
        await self.visits.ReportStep(request)
        self._steps += 1
        await self.heard()

    async def snippets(
        self, visit_id: str, step: Step, *, house_id: str = A, number: int = 1, order_id: str = "", **more: Any
    ) -> visits_pb2.GetSnippetsResponse:
        """What the page of the step does."""
        request = visits_pb2.GetSnippetsRequest(
            house_id=house_id,
            performance_id=show_of(house_id, number),
            visit_id=visit_id,
            step=wire_step(step),
            order_id=order_id,
            value=VALUE if order_id else None,
            **more,
        )
        return await self.visits.GetSnippets(request)

    async def confirmed(self, order_id: str, *, house_id: str = A, number: int = 1, customer_id: str = "") -> None:
        """The order is paid, and the service has heard of it."""
        performance_id = show_of(house_id, number)
        sold = OrderConfirmed(
            order_id=order_id,
            house_id=house_id,
            performance_id=performance_id,
            customer_id=customer_id,
            lines=[OrderLine(seat_id="s1"), OrderLine(seat_id="s2")],
            total=VALUE,
            confirmed_at_ms=self.service.clock.now_ms(),
        )
        await self.tell(ORDERS, "balcon.orders", sold, performance_id, house_id)

    async def tell_show(self, event: Message, *, house_id: str = A) -> None:
        """An event of the catalogue."""
        await self.tell(CATALOGUE, "balcon.catalogue", event, show_of(house_id), house_id)

    async def tell(self, topic: str, source: str, event: Message, key: str, house_id: str) -> None:
        """An event of another service, until it is applied."""
        sequence = self._told[topic, key] = self._told.get((topic, key), 0) + 1
        outgoing = OutgoingEvent(topic, key, event.DESCRIPTOR.full_name, event.SerializeToString(), house_id)
        now_ms = self.service.clock.now_ms()
        message = to_message(outgoing, event_id=IDS.new_id("evt"), source=source, time_ms=now_ms, sequence=sequence)
        await self._bus.publish([message])
        await self.heard()

    async def heard(self) -> None:
        """Until all that was told is applied."""
        expected = sum(self._told.values()) + self._steps

        async def all_there() -> bool:
            [(count,)] = await self.rows("SELECT count(*) FROM inbox WHERE consumer = 'trackers'")
            return bool(count >= expected)

        await eventually(all_there)

    async def calls(self, house_id: str = A, **which: Any) -> list[pb.TrackerCall]:
        """What trackers were told, the oldest first."""
        answer = await self.stub.ListTrackerCalls(pb.ListTrackerCallsRequest(house_id=house_id, **which))
        return list(reversed(answer.calls))

    async def counts(self, house_id: str = A) -> dict[str, int]:
        """Steps that trackers were told of, by their ids."""
        found: dict[str, int] = {}
        for call in await self.calls(house_id):
            if call.HasField("reached_at"):
                found[call.tracker_id] = found.get(call.tracker_id, 0) + 1
        return found

    async def queued(self) -> list[tuple[str, str]]:
        """Target and key of what waits for companies or was sent."""
        rows = await self.rows("SELECT target_id, key FROM outbound_dispatch ORDER BY place")
        return [(target, key) for target, key in rows]

    async def acts(self) -> list[str]:
        """What the act log was told, in words."""
        rows = await self.rows("SELECT payload FROM outbox WHERE topic = 'balcon.acts.v1' ORDER BY id")
        return [str(bytes(payload)) for (payload,) in rows]

    async def audit(self) -> list[Check]:
        answers = self._audit.Audit(AuditRequest())
        return [check async for answer in answers for check in answer.checks]

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        async with self._engine.begin() as connection:
            await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
            result = await connection.execute(text(sql))
            return [tuple(row) for row in result] if result.returns_rows else []

    def store(self, server_side: ServerSide = SILENT) -> PostgresTrackers:
        """Another process over the same database."""
        tools = TransactionTools(IDS, SEAL, server_side, keep_ms=WEEK_MS)
        return PostgresTrackers(self._engine, clock=self.service.clock, tools=tools, wake=lambda: None)

    async def purge(self) -> int:
        """What the service does by the clock, now: how many rows of a table went at most."""
        return await self.store().purge_visits(self.service.clock.now_ms() - WEEK_MS, 1_000)

    async def everything(self) -> str:
        """All rows of all tables, in words; bytes as the text that they hold."""
        names = await self.rows(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        found = [await self.rows(f'SELECT * FROM "{name}"') for (name,) in names]
        return "\n".join(map(repr, found))


def wire_step(step: Step) -> FunnelStep.ValueType:
    return FunnelStep.Value(f"FUNNEL_STEP_{step.name}")


@asynccontextmanager
async def running_trackers(
    database_url: str,
    bus_url: str,
    shows: Shows,
    *,
    clock: ShiftedClock | None = None,
    targets: Mapping[str, str] | None = None,
) -> AsyncIterator[Trackers]:
    """Serves until the block ends."""
    # Nobody there: no test speaks to a real company.
    nowhere = dict.fromkeys(("meta_url", "google_url", "google_token_url", "x_url"), NOWHERE)
    settings = TrackersSettings(
        database_url=SecretStr(database_url),
        bus_url=SecretStr(bus_url),
        sealing_secrets=SecretStr("a sealing secret of tests"),
        accounts_target=shows.target,
        catalogue_target=shows.target,
        relay_interval_seconds=0.1,
        drain_seconds=1,
        service_key=SecretStr(TEST_SERVICE_KEY),
        customers_target=shows.target,
    ).model_copy(update={**nowhere, **(targets or {})})
    service = Service("trackers", settings)
    service.clock = clock or service.clock
    engine = as_owner(database_url)
    bus = open_bus(bus_url, clock=SystemClock(), ids=IDS, client_id="test")
    await bus.create_topics(TOPICS)
    await build(service, settings)
    await service.start()
    channel = open_channel(f"127.0.0.1:{service.rpc.port}", service.clock)
    try:
        yield Trackers(service, channel, engine, bus)
    finally:
        await channel.close()
        await service.stop()
        await bus.close()
        await engine.dispose()
