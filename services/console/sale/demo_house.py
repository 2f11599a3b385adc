"""The demo house: signed up at accounts; a hall, its plan, a production and a performance on sale at the catalogue."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from importlib.resources import files
from typing import TypeVar

import grpc
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.accounts.v1.houses_pb2 import SignUpRequest
from balcon.accounts.v1.sessions_pb2 import IssueTokenRequest, LogInRequest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub

from services.console.stack.credentials import demo_owner
from services.contracts.wire_types import wire_instant, wire_money
from services.runtime.call_context import act_as
from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.ids import Ids
from services.runtime.rpc.errors import refusal_of

T = TypeVar("T")

DEMO_PLAN = "riethsporthalle-erfurt.json"
CURRENCY = "EUR"
DEMO_ZONE = "Europe/Berlin"
DEMO_TITLE = "The Great On-sale"
_DAY_MS = 86_400_000
# The first category of a plan costs this, each further one less.
_FIRST_PRICE_MINOR = 4_900
_PRICE_STEP_MINOR = 1_000
_LOWEST_PRICE_MINOR = 1_500
_CALL_SECONDS = 30.0


class PlanRefused(Fatal):
    """The catalogue does not take the seating plan."""


@dataclass(frozen=True, slots=True)
class OnSale:
    """A performance on sale and the plan it plays on."""

    house_id: str
    performance: pb.Performance
    plan: pb.SeatingPlan


@dataclass(frozen=True, slots=True)
class SaleTerms:
    """Limits of the performance; 0 takes the catalogue's default."""

    hold_ttl_seconds: int = 0
    seats_per_holder: int = 0


def demo_plan() -> bytes:
    """The Riethsporthalle, package data of the catalogue."""
    return files("services.catalogue").joinpath("plans", DEMO_PLAN).read_bytes()


class DemoHouse:
    """Sets a sale up over channels to both. The house of a label is made once, everything else anew each time."""

    def __init__(
        self, catalogue: grpc.aio.Channel, accounts: grpc.aio.Channel, *, clock: Clock, ids: Ids, label: str
    ) -> None:
        self._catalogue = CatalogueServiceStub(catalogue)
        self._accounts = AccountsServiceStub(accounts)
        self._email, self._password = demo_owner(label)
        self._clock = clock
        self._label = label
        self._run = ids.new_id("run")

    async def open_sale(
        self, plan_json: bytes, terms: SaleTerms, before: Callable[[OnSale], Awaitable[None]] | None = None
    ) -> OnSale:
        """House, hall, plan, production, performance, open for sale. PlanRefused names the field.

        `before`: what the owner does with the performance before it opens.
        """
        house_id = await self._house()
        # In a task of its own: only what is made here is made as the owner.
        return await asyncio.create_task(self._open_as_owner(house_id, plan_json, terms, before))

    async def as_owner(self, work: Coroutine[None, None, T]) -> T:
        """What `work` returns, done as the house's owner."""

        async def done() -> T:
            act_as(await self._log_in())
            return await work

        return await asyncio.create_task(done())

    async def _open_as_owner(
        self,
        house_id: str,
        plan_json: bytes,
        terms: SaleTerms,
        before: Callable[[OnSale], Awaitable[None]] | None,
    ) -> OnSale:
        act_as(await self._log_in())
        hall = pb.CreateHallRequest(idempotency_key=self._key("hall"), house_id=house_id, name="Hall")
        hall_id = (await self._catalogue.CreateHall(hall)).hall.hall_id
        plan = await self._import(house_id, hall_id, plan_json)
        performance = await self._performance(house_id, hall_id, plan, terms)
        if before is not None:
            await before(OnSale(house_id, performance, plan))
        request = pb.OpenForSaleRequest(house_id=house_id, performance_id=performance.performance_id)
        opened = await self._catalogue.OpenForSale(request)
        return OnSale(house_id, opened.performance, plan)

    async def _house(self) -> str:
        request = SignUpRequest(
            idempotency_key=f"house-{self._label}",
            label=self._label,
            house_name="Balcon's demo house",
            time_zone=DEMO_ZONE,
            currency=CURRENCY,
            languages=["en"],
            person_name="The demo house's owner",
            email=self._email,
            password=self._password,
        )
        return (await self._accounts.SignUp(request, timeout=_CALL_SECONDS)).house.house_id

    async def _log_in(self) -> Callable[[], str]:
        """The owner's credential, for the minutes that setting up takes."""
        logged_in = await self._accounts.LogIn(
            LogInRequest(email=self._email, password=self._password, device="balcon"), timeout=_CALL_SECONDS
        )
        issued = await self._accounts.IssueToken(
            IssueTokenRequest(session_secret=logged_in.session_secret), timeout=_CALL_SECONDS
        )
        return lambda: f"Bearer {issued.token}"

    async def _import(self, house_id: str, hall_id: str, plan_json: bytes) -> pb.SeatingPlan:
        request = pb.ImportSeatingPlanRequest(
            idempotency_key=self._key("plan"), house_id=house_id, hall_id=hall_id, plan_json=plan_json
        )
        try:
            imported = await self._catalogue.ImportSeatingPlan(request, timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            raise PlanRefused(problem=refusal.message) from error
        wanted = pb.StreamSeatingPlanRequest(house_id=house_id, hall_id=hall_id, plan_version=imported.plan_version)
        plan = pb.SeatingPlan()
        async for part in self._catalogue.StreamSeatingPlan(wanted, timeout=_CALL_SECONDS):
            plan.MergeFrom(part.plan)
        return plan

    async def _performance(self, house_id: str, hall_id: str, plan: pb.SeatingPlan, terms: SaleTerms) -> pb.Performance:
        production = pb.CreateProductionRequest(
            idempotency_key=self._key("production"),
            house_id=house_id,
            title=DEMO_TITLE,
            performers=["Everybody"],
        )
        production_id = (await self._catalogue.CreateProduction(production)).production.production_id
        request = pb.CreatePerformanceRequest(
            idempotency_key=self._key("performance"),
            house_id=house_id,
            hall_id=hall_id,
            plan_version=plan.plan_version,
            production_id=production_id,
            starts_at=wire_instant(self._clock.now_ms() + 30 * _DAY_MS),
            prices=prices_of(plan),
            seats_per_holder=terms.seats_per_holder,
            hold_ttl_seconds=terms.hold_ttl_seconds,
        )
        return (await self._catalogue.CreatePerformance(request)).performance

    def _key(self, what: str) -> str:
        return f"{self._run}-{what}"


def prices_of(plan: pb.SeatingPlan) -> list[pb.Price]:
    """A normal price for each category, the plan's first the dearest."""
    prices = []
    for index, category in enumerate(plan.categories):
        amount = max(_LOWEST_PRICE_MINOR, _FIRST_PRICE_MINOR - index * _PRICE_STEP_MINOR)
        money = wire_money(amount, CURRENCY)
        prices.append(pb.Price(category=category.name, ticket_type="normal", kind=pb.TICKET_KIND_NORMAL, amount=money))
    return prices
