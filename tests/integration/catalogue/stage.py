"""The catalogue as main.py wires it, in the test's own process: real gRPC, real PostgreSQL, the bus in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import grpc
from balcon.accounts.v1.houses_pb2 import House
from balcon.acts.v1.acts_events_pb2 import ActDone
from balcon.audit.v1.audit_service_pb2 import AuditRequest, Check
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from balcon.types.v1.money_pb2 import Money
from google.protobuf.message import Message
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.catalogue.main import build
from services.catalogue.settings import CatalogueSettings
from services.contracts.access import roles_with
from services.contracts.wire_types import wire_instant
from services.runtime.rpc.client import open_channel
from services.runtime.service import Service
from services.runtime.testing.access import TEST_SERVICE_KEY
from services.runtime.testing.servers import as_owner
from tests.integration.catalogue.accounts_double import AccountsDouble, served_double
from tests.integration.catalogue.owners_double import OwnersDouble, served_owners
from tests.unit.catalogue.plan_documents import encoded, plan

if TYPE_CHECKING:
    from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceAsyncStub
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub

Response = TypeVar("Response")
START_MS = 1_900_000_000_000


def price(category: str, amount_minor: int = 2_500, *, ticket_type: str = "normal", currency: str = "EUR") -> pb.Price:
    return pb.Price(
        category=category,
        ticket_type=ticket_type,
        kind=pb.TICKET_KIND_NORMAL if ticket_type == "normal" else pb.TICKET_KIND_DISCOUNT,
        amount=Money(amount_minor=amount_minor, currency=currency),
    )


@dataclass(frozen=True, slots=True)
class Venue:
    """A house with one hall, one imported plan and one production."""

    house: House
    hall: pb.Hall
    production: pb.Production

    def performance_request(self, key: str, **changes: object) -> pb.CreatePerformanceRequest:
        """A performance in the venue; keyword arguments replace fields."""
        request = pb.CreatePerformanceRequest(
            idempotency_key=key,
            house_id=self.house.house_id,
            hall_id=self.hall.hall_id,
            production_id=self.production.production_id,
            starts_at=wire_instant(START_MS),
            prices=[price("Stalls"), price("Balcony", 1_500)],
        )
        for name, value in changes.items():
            if isinstance(value, list):
                del getattr(request, name)[:]
                getattr(request, name).extend(value)
            elif isinstance(value, Message):
                getattr(request, name).CopyFrom(value)
            else:
                setattr(request, name, value)
        return request


class Catalogue:
    """A running catalogue, clients of it, its database, and the accounts that it asks for houses."""

    def __init__(
        self,
        endpoint: str,
        channel: grpc.aio.Channel,
        engine: AsyncEngine,
        accounts: AccountsDouble,
        owners: OwnersDouble,
    ) -> None:
        self.endpoint = endpoint
        self.accounts = accounts
        self.owners = owners
        self.channel = channel
        self.stub: CatalogueServiceAsyncStub = CatalogueServiceStub(channel)
        self._audit: AuditServiceAsyncStub = AuditServiceStub(channel)
        self.engine = engine

    def house(self, label: str, **changes: str) -> House:
        """A new house, which only accounts knows as yet."""
        return self.accounts.add_house(label, **changes)

    async def venue(self, label: str, document: bytes | None = None) -> Venue:
        """A new house with everything that a performance needs."""
        house = self.house(label)
        hall = (
            await self.stub.CreateHall(
                pb.CreateHallRequest(idempotency_key="hall", house_id=house.house_id, name="Hall")
            )
        ).hall
        await self.stub.ImportSeatingPlan(
            pb.ImportSeatingPlanRequest(
                idempotency_key="plan",
                house_id=house.house_id,
                hall_id=hall.hall_id,
                plan_json=document or encoded(plan()),
            )
        )
        production = (
            await self.stub.CreateProduction(
                pb.CreateProductionRequest(
                    idempotency_key="production", house_id=house.house_id, title="Hamlet", performers=["Royal"]
                )
            )
        ).production
        return Venue(house, hall, production)

    async def performance(self, venue: Venue, key: str = "performance", **changes: object) -> pb.Performance:
        return (await self.stub.CreatePerformance(venue.performance_request(key, **changes))).performance

    async def audit(self, performance_id: str = "") -> list[Check]:
        """Every check, in order."""
        answers = self._audit.Audit(AuditRequest(performance_id=performance_id))
        return [check async for answer in answers for check in answer.checks]

    async def violations(self) -> list[str]:
        return [violation for check in await self.audit() for violation in check.violations]

    async def rows(self, sql: str) -> Sequence[tuple[object, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(sql))]

    async def acts(self) -> list[ActDone]:
        """What the catalogue tells the act log, in its order."""
        rows = await self.rows("SELECT payload FROM outbox WHERE topic = 'balcon.acts.v1' ORDER BY id")
        return [ActDone.FromString(payload) for (payload,) in rows if isinstance(payload, bytes)]

    async def damage(self, sql: str) -> None:
        """Changes rows behind the service's back."""
        async with self.engine.begin() as connection:
            await connection.execute(text(sql))


@asynccontextmanager
async def running_catalogue(database_url: str, bus_url: str, *, guarded: bool = False) -> AsyncIterator[Catalogue]:
    """Serves until the block ends; `guarded` asks every caller for a token."""
    async with (
        served_double() as accounts,
        served_owners() as owners,
        _running(database_url, bus_url, accounts, owners, guarded=guarded) as running,
    ):
        yield running


@asynccontextmanager
async def _running(
    database_url: str, bus_url: str, accounts: AccountsDouble, owners: OwnersDouble, *, guarded: bool
) -> AsyncIterator[Catalogue]:
    settings = CatalogueSettings(
        database_url=SecretStr(database_url),
        bus_url=SecretStr(bus_url),
        accounts_target=accounts.target,
        inventory_target=owners.target,
        service_key=SecretStr(TEST_SERVICE_KEY),
        relay_interval_seconds=0.1,
        drain_seconds=1,
    )
    service = Service("catalogue", settings)
    if guarded:
        service.let_in(roles_with)
    engine = as_owner(database_url)
    await build(service, settings)
    await service.start()
    endpoint = f"127.0.0.1:{service.rpc.port}"
    channel = open_channel(endpoint, service.clock)
    try:
        yield Catalogue(endpoint, channel, engine, accounts, owners)
    finally:
        await channel.close()
        await service.stop()
        await engine.dispose()
