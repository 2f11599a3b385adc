"""Podiumkunst as main.py wires it, among pretended neighbours: real gRPC and PostgreSQL, and the strict DIP double."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import grpc
import httpx
from balcon.accounts.v1.accounts_service_pb2_grpc import add_AccountsServiceServicer_to_server
from balcon.audit.v1.audit_service_pb2 import AuditRequest, Check
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.catalogue.v1 import catalogue_events_pb2 as events
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import (
    add_CatalogueServiceServicer_to_server,
)
from balcon.inventory.v1.inventory_service_pb2_grpc import (
    add_InventoryServiceServicer_to_server,
)
from balcon.podiumkunst.v1 import links_service_pb2 as pb
from balcon.podiumkunst.v1.figures_service_pb2_grpc import PodiumkunstFiguresServiceStub
from balcon.podiumkunst.v1.links_service_pb2_grpc import PodiumkunstLinksServiceStub
from balcon.types.v1.money_pb2 import Money
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from pydantic import SecretStr
from sqlalchemy import text

from services.contracts.wire_types import wire_instant
from services.integrations.podiumkunst.main import build
from services.integrations.podiumkunst.sandbox.app import DipDouble, DipPlan
from services.integrations.podiumkunst.settings import PodiumkunstSettings
from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import Bus
from services.runtime.bus.topics import CATALOGUE, ORDERS, TOPICS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.server import RpcServer
from services.runtime.service import Service
from services.runtime.testing.access import TEST_SERVICE_KEY
from services.runtime.testing.eventually import eventually
from services.runtime.testing.servers import as_owner
from tests.integration.podiumkunst.events import heard
from tests.integration.podiumkunst.neighbours import HOUSE, OTHER, Accounts, Catalogue, Inventory

if TYPE_CHECKING:
    from balcon.podiumkunst.v1.figures_service_pb2_grpc import PodiumkunstFiguresServiceAsyncStub
    from balcon.podiumkunst.v1.links_service_pb2_grpc import PodiumkunstLinksServiceAsyncStub

IDS = RandomIds()
Context = grpc.aio.ServicerContext[Any, Any]
ZONE = ZoneInfo("Europe/Amsterdam")
SECRET = "a secret of the house"
__all__ = ["HOUSE", "OTHER"]


class StageClock(SystemClock):
    """Begins on one day of a season, whatever the machine's date is."""

    def __init__(self) -> None:
        self._began_ms = super().now_ms()
        self.at_ms = _ms("2026-11-30 08:00")

    def now_ms(self) -> int:
        return self.at_ms + super().now_ms() - self._began_ms


def _ms(local: str) -> int:
    return int(datetime.fromisoformat(local).replace(tzinfo=ZONE).timestamp() * 1000)


def a_show(
    performance_id: str,
    title: str,
    local: str,
    *,
    house_id: str = HOUSE,
    code: str = "",
    state: catalogue.SaleState.ValueType = catalogue.SALE_STATE_ON_SALE,
    hall_id: str = "hal_1",
    capacity: int = 400,
) -> catalogue.Performance:
    """A performance of the house at a time of its clock."""
    return catalogue.Performance(
        performance_id=performance_id,
        house_id=house_id,
        hall_id=hall_id,
        production_id="prd_1",
        title=title,
        code=code,
        sale_state=state,
        capacity=capacity,
        starts_at=wire_instant(_ms(local)),
        prices=[
            catalogue.Price(category="Stalls", ticket_type="normal", amount=Money(amount_minor=2_500, currency="EUR")),
            catalogue.Price(category="Balcony", ticket_type="normal", amount=Money(amount_minor=1_500, currency="EUR")),
        ],
    )


def told(number: str, title: str, local: str, **more: Any) -> dict[str, Any]:
    """A performance as the platform has it; `number` whole."""
    production, _, last = number.partition("|")
    return {
        "production": {"id": production, "name": title, "performer": more.pop("performer", "")},
        "number": last,
        "date": datetime.fromisoformat(local).isoformat(),
        "theater": {"id": "t1", "name": "De Kring", "province": {"id": "NB", "name": "NB"}},
        "hall": {"name": "Grote zaal"},
        "season": "2026-2027",
        **more,
    }


class LinksStage:
    """A running service, a client of it, its database, the platform, and what the catalogue tells."""

    def __init__(
        self, service: Service, channel: grpc.aio.Channel, database_url: str, bus: Bus, dip: DipDouble, made: Catalogue
    ) -> None:
        self.service = service
        self.stub: PodiumkunstLinksServiceAsyncStub = PodiumkunstLinksServiceStub(channel)
        self.figures: PodiumkunstFiguresServiceAsyncStub = PodiumkunstFiguresServiceStub(channel)
        self.dip = dip
        self._audit = AuditServiceStub(channel)
        self._engine = as_owner(database_url)
        self._bus = bus
        self._made = made
        self._told = 0
        self._sequences: dict[str, int] = {}
        self.http = httpx.AsyncClient(base_url=dip.url, trust_env=False)

    async def close(self) -> None:
        await self.http.aclose()
        await self._engine.dispose()

    async def enter(self, *performances: dict[str, Any], client_id: str = "kring") -> None:
        """The platform has them from now on."""
        await self.http.post("/double/clients", json={"client_id": client_id, "client_secret": SECRET})
        answer = await self.http.post(f"/double/clients/{client_id}/performances", json=list(performances))
        assert answer.status_code == 200, answer.text

    async def misbehave(self, how: str, client_id: str = "kring", path: str = "/") -> None:
        """From now on, '' for no more."""
        await self.http.post(f"/double/clients/{client_id}/misbehave", json={"how": how, "path": path})

    async def sell(self, number: str, tickets: int, recette: int, client_id: str = "kring") -> None:
        """The account has told the platform so."""
        token = (await self.http.post("/token", data={"client_id": client_id, "client_secret": SECRET})).json()
        production, _, last = number.partition("|")
        body = {
            "production": production,
            "number": last,
            "tickets": [{"kind": "normal", "amount": tickets, "recette": recette}],
        }
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        answer = await self.http.put("/tickets/cumulative", json=body, headers=headers)
        assert answer.status_code == 200, answer.text

    async def connect(self, house_id: str = HOUSE, client_id: str = "kring", **more: Any) -> pb.Connection:
        """The house's account is set and on, and the look that follows by itself is over."""
        before = (await self.stub.GetConnection(pb.GetConnectionRequest(house_id=house_id))).connection
        wanted = pb.Connection(client_id=client_id, client_secret=SECRET, is_on=True, **more)
        connection = await self.set(wanted, ["client_id", "client_secret", "is_on", *more], before.etag, house_id)
        await self.looked(house_id)
        return connection

    async def looked(self, house_id: str = HOUSE) -> None:
        """Until the list that is due since the connection was set is fetched."""

        async def is_over() -> bool:
            counted = await self.stub.CountUnlinked(pb.CountUnlinkedRequest(house_id=house_id))
            return counted.HasField("look")

        await eventually(is_over)

    async def set(self, wanted: pb.Connection, paths: Iterable[str], etag: str, house_id: str = HOUSE) -> pb.Connection:
        request = pb.SetConnectionRequest(
            house_id=house_id, connection=wanted, update_mask=FieldMask(paths=paths), etag=etag
        )
        return (await self.stub.SetConnection(request)).connection

    async def fetch(self, house_id: str = HOUSE) -> pb.FetchListResponse:
        return await self.stub.FetchList(pb.FetchListRequest(house_id=house_id))

    async def count(self, house_id: str = HOUSE, **which: Any) -> int:
        request = pb.CountUnlinkedRequest(house_id=house_id, which=pb.LineFilter(**which))
        return (await self.stub.CountUnlinked(request)).unlinked

    async def lines(self, house_id: str = HOUSE, **more: Any) -> Sequence[pb.UnlinkedLine]:
        """All pages."""
        request = pb.ListUnlinkedRequest(house_id=house_id, **more)
        found: list[pb.UnlinkedLine] = []
        while True:
            page = await self.stub.ListUnlinked(request)
            found += page.lines
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    async def accept(self, number: str, house_id: str = HOUSE, **picked: str) -> pb.AcceptLinkResponse:
        return await self.stub.AcceptLink(pb.AcceptLinkRequest(house_id=house_id, number=number, **picked))

    async def links(self, house_id: str = HOUSE, **more: Any) -> Sequence[pb.Link]:
        return (await self.stub.ListLinks(pb.ListLinksRequest(house_id=house_id, **more))).links

    async def map_hall(self, hall: pb.HallMapping, paths: Sequence[str], house_id: str = HOUSE) -> pb.HallMapping:
        """As the mapping stands, it is changed so."""
        before = pb.GetHallMappingRequest(house_id=house_id, hall_id=hall.hall_id)
        etag = (await self.stub.GetHallMapping(before)).hall.etag
        request = pb.SetHallMappingRequest(house_id=house_id, hall=hall, update_mask=FieldMask(paths=paths), etag=etag)
        return (await self.stub.SetHallMapping(request)).hall

    async def make(self, *shows: catalogue.Performance, is_heard: bool = True) -> None:
        """The catalogue has made them, or changed them; `is_heard` False: its event is still on its way."""
        for show in shows:
            self._made.made[show.house_id, show.performance_id] = show
            if is_heard:
                await self._tell(show)
        if is_heard:
            await eventually(self._all_heard)

    async def _tell(self, show: catalogue.Performance) -> None:
        sequence = self._sequences[show.performance_id] = self._sequences.get(show.performance_id, 0) + 1
        event = events.PerformanceUpdated(performance=show)
        outgoing = OutgoingEvent(
            CATALOGUE, show.performance_id, event.DESCRIPTOR.full_name, event.SerializeToString(), show.house_id
        )
        now_ms = self.service.clock.now_ms()
        await self._bus.publish(
            [
                to_message(
                    outgoing, event_id=IDS.new_id("evt"), source="balcon.catalogue", time_ms=now_ms, sequence=sequence
                )
            ]
        )
        self._told += 1

    async def hear(self, *messages: Message) -> None:
        """Orders and the owners of seats tell these."""
        for message in messages:
            event = heard(message)
            outgoing = OutgoingEvent(event.topic, event.key, event.type, event.payload, event.house_id)
            sequence = 0
            if event.topic == ORDERS:
                sequence = self._sequences[f"orders {event.key}"] = self._sequences.get(f"orders {event.key}", 0) + 1
            now_ms = self.service.clock.now_ms()
            one = to_message(
                outgoing, event_id=IDS.new_id("evt"), source="balcon.orders", time_ms=now_ms, sequence=sequence
            )
            await self._bus.publish([one])

    async def _all_heard(self) -> bool:
        [(count,)] = await self.rows("SELECT count(*) FROM inbox WHERE consumer = 'podiumkunst-shows'")
        return bool(count >= self._told)

    async def acts(self) -> str:
        """What the act log was told, as its bytes say it."""
        rows = await self.rows("SELECT payload FROM outbox WHERE topic = 'balcon.acts.v1' ORDER BY id")
        return " ".join(str(bytes(payload)) for (payload,) in rows)

    async def audit(self) -> list[Check]:
        answers = self._audit.Audit(AuditRequest())
        return [check async for answer in answers for check in answer.checks]

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        async with self._engine.begin() as connection:
            await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
            result = await connection.execute(text(sql))
            return [tuple(row) for row in result] if result.returns_rows else []


@asynccontextmanager
async def running_links(database_url: str, bus_url: str) -> AsyncIterator[LinksStage]:
    """Serves until the block ends. The bus and the neighbours are real servers of the test's own."""
    made, own_clock = Catalogue(), StageClock()  # type: ignore[abstract]
    neighbours = RpcServer(clock=SystemClock(), ids=IDS)
    neighbours.add(
        lambda server: add_AccountsServiceServicer_to_server(Accounts(), server),  # type: ignore[abstract]
        "balcon.accounts.v1.AccountsService",
    )
    neighbours.add(
        lambda server: add_CatalogueServiceServicer_to_server(made, server), "balcon.catalogue.v1.CatalogueService"
    )
    neighbours.add(
        lambda server: add_InventoryServiceServicer_to_server(Inventory(), server),  # type: ignore[abstract]
        "balcon.inventory.v1.InventoryService",
    )
    await neighbours.start()
    dip = DipDouble(DipPlan(), clock=SystemClock(), ids=IDS)
    await dip.start()
    target = f"127.0.0.1:{neighbours.port}"
    settings = PodiumkunstSettings(
        database_url=SecretStr(database_url),
        bus_url=SecretStr(bus_url),
        sealing_secrets=SecretStr("a sealing secret of tests"),
        accounts_target=target,
        catalogue_target=target,
        inventory_target=target,
        base_url=dip.url,
        spacing_seconds=0,
        relay_interval_seconds=0.1,
        drain_seconds=1,
        service_key=SecretStr(TEST_SERVICE_KEY),
    )
    service = Service("podiumkunst", settings)
    service.clock = own_clock
    bus = open_bus(bus_url, clock=SystemClock(), ids=IDS, client_id="test")
    await bus.create_topics(TOPICS)
    await build(service, settings)
    await service.start()
    channel = open_channel(f"127.0.0.1:{service.rpc.port}", service.clock)
    stage = LinksStage(service, channel, database_url, bus, dip, made)
    try:
        yield stage
    finally:
        await stage.close()
        await channel.close()
        await service.stop()
        await bus.close()
        await dip.stop()
        await neighbours.stop(0)
