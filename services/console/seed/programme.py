"""The programme of a seeded house: hall, plan, prices, a discount with its code, productions with posters, evenings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.console.seed.posters import poster_of
from services.console.seed.season import CURRENCY, START, Evening, SeededHouse, SeededProduction
from services.contracts.house_time import NoSuchLocalTime, local_instant
from services.contracts.wire_types import wire_instant, wire_money

if TYPE_CHECKING:  # the generated stubs have an async face for type checkers only
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub

_CALL_SECONDS = 60.0
_DAY_MS = 86_400_000
STUDENT = "student"
DISCOUNT = "season"
_SURCHARGE_MINOR = 150
_SERVICE_FEE_MINOR = 200
_HOLD_SECONDS = 1_700


@dataclass(frozen=True, slots=True)
class SeededEvening:
    """A performance as it was made."""

    evening: Evening
    performance_id: str
    plan_version: int
    starts_at_ms: int


class Programme:
    """To be called as the owner. Each step may be repeated. Days are counted from `today` on the house's calendar."""

    def __init__(
        self, catalogue: CatalogueServiceAsyncStub, house: SeededHouse, house_id: str, now_ms: int, today: date
    ) -> None:
        self._catalogue = catalogue
        self._house = house
        self._house_id = house_id
        self._now_ms = now_ms
        self._today = today

    async def make(self) -> tuple[list[str], list[SeededEvening]]:
        """Everything; the productions' ids and the evenings."""
        hall_id, version, categories = await self._hall()
        await self._taxes_and_discount()
        list_id = await self._price_list(categories)
        productions = {one.key: await self._production(one) for one in self._house.productions}
        evenings = [
            await self._evening(evening, hall_id, version, list_id, productions) for evening in self._house.evenings
        ]
        return list(productions.values()), evenings

    async def close(self, evening: SeededEvening) -> None:
        """Ends the sale of an evening that is over."""
        request = pb.CloseSaleRequest(house_id=self._house_id, performance_id=evening.performance_id)
        await self._catalogue.CloseSale(request, timeout=_CALL_SECONDS)

    async def _hall(self) -> tuple[str, int, list[str]]:
        hall = pb.CreateHallRequest(
            idempotency_key=self._key("hall"), house_id=self._house_id, name=self._house.hall, city=self._house.city
        )
        hall_id = (await self._catalogue.CreateHall(hall, timeout=_CALL_SECONDS)).hall.hall_id
        content = files("services.catalogue").joinpath("plans", self._house.plan).read_bytes()
        plan = pb.ImportSeatingPlanRequest(
            idempotency_key=self._key("plan"), house_id=self._house_id, hall_id=hall_id, plan_json=content
        )
        version = (await self._catalogue.ImportSeatingPlan(plan, timeout=_CALL_SECONDS)).plan_version
        listed = await self._catalogue.ListSeatingPlans(
            pb.ListSeatingPlansRequest(house_id=self._house_id, hall_id=hall_id), timeout=_CALL_SECONDS
        )
        categories = next(list(plan.categories) for plan in listed.plans if plan.plan_version == version)
        return hall_id, version, categories

    async def _taxes_and_discount(self) -> None:
        adopt = pb.AdoptVatClassesRequest(
            house_id=self._house_id, country=self._house.country, ticket_vat_class_id="reduced"
        )
        await self._catalogue.AdoptVatClasses(adopt, timeout=_CALL_SECONDS)
        effect = pb.DiscountEffect(kind=pb.DISCOUNT_EFFECT_KIND_PERCENT_OFF, basis_points=1_500)
        discount = pb.CreateDiscountRequest(
            idempotency_key=self._key("discount"),
            house_id=self._house_id,
            discount=pb.Discount(discount_id=DISCOUNT, name="Season, 15 % off", effect=effect, needs_code=True),
        )
        await self._catalogue.CreateDiscount(discount, timeout=_CALL_SECONDS)
        code = pb.CreatePromotionCodeRequest(
            idempotency_key=self._key("code"),
            house_id=self._house_id,
            promotion_code=pb.PromotionCode(promotion_code_id=self._house.code, discount_id=DISCOUNT),
        )
        await self._catalogue.CreatePromotionCode(code, timeout=_CALL_SECONDS)

    async def _price_list(self, categories: list[str]) -> str:
        prices = [
            self._price(category, ticket_type, kind, base)
            for category, base in zip(categories, self._house.base_minor, strict=True)
            for ticket_type, kind, base in (
                ("normal", pb.TICKET_KIND_NORMAL, base),
                (STUDENT, pb.TICKET_KIND_DISCOUNT, base // 2),
            )
        ]
        request = pb.CreatePriceListRequest(
            idempotency_key=self._key("prices"),
            house_id=self._house_id,
            price_list=pb.PriceList(price_list_id="season", name="Season", prices=prices),
        )
        await self._catalogue.CreatePriceList(request, timeout=_CALL_SECONDS)
        return "season"

    def _price(self, category: str, ticket_type: str, kind: pb.TicketKind.ValueType, base_minor: int) -> pb.Price:
        """Out of its parts, all of which everybody pays."""
        parts = (
            (pb.PRICE_COMPONENT_KIND_BASE, base_minor, "reduced"),
            (pb.PRICE_COMPONENT_KIND_THEATRE_SURCHARGE, _SURCHARGE_MINOR, "reduced"),
            (pb.PRICE_COMPONENT_KIND_SERVICE_FEE, _SERVICE_FEE_MINOR, "standard"),
        )
        return pb.Price(
            category=category,
            ticket_type=ticket_type,
            kind=kind,
            amount=wire_money(sum(minor for _, minor, _ in parts), CURRENCY),
            components=[
                pb.PriceComponent(kind=part, amount=wire_money(minor, CURRENCY), vat_class=vat_class)
                for part, minor, vat_class in parts
            ],
        )

    async def _production(self, one: SeededProduction) -> str:
        request = pb.CreateProductionRequest(
            idempotency_key=self._key(f"production-{one.key}"),
            house_id=self._house_id,
            title=one.title,
            performers=[one.performer],
            genre=pb.Genre.Value(f"GENRE_{one.genre}"),
            duration_minutes=one.minutes,
        )
        made = (await self._catalogue.CreateProduction(request, timeout=_CALL_SECONDS)).production
        read = pb.GetProductionRequest(house_id=self._house_id, production_id=made.production_id)
        now = (await self._catalogue.GetProduction(read, timeout=_CALL_SECONDS)).production
        poster = pb.SetPosterRequest(
            house_id=self._house_id, production_id=made.production_id, image=poster_of(one), etag=now.etag
        )
        await self._catalogue.SetPoster(poster, timeout=_CALL_SECONDS)
        return made.production_id

    async def _evening(
        self, evening: Evening, hall_id: str, version: int, list_id: str, productions: Mapping[str, str]
    ) -> SeededEvening:
        """What has begun is sold all the same: its sale ends a day after the seeding, and is closed once sold."""
        starts_at_ms = self._starts_at_ms(evening)
        request = pb.CreatePerformanceRequest(
            idempotency_key=self._key(evening.key),
            house_id=self._house_id,
            hall_id=hall_id,
            plan_version=version,
            production_id=productions[evening.production],
            starts_at=wire_instant(starts_at_ms),
            doors_at=wire_instant(starts_at_ms - 45 * 60_000),
            code=evening.key,
            price_list_id=list_id,
            hold_ttl_seconds=_HOLD_SECONDS,
        )
        if evening.days < 0:
            request.sale_ends_at.CopyFrom(wire_instant(self._now_ms + _DAY_MS))
        made = (await self._catalogue.CreatePerformance(request, timeout=_CALL_SECONDS)).performance
        if not evening.is_draft:
            opened = pb.OpenForSaleRequest(house_id=self._house_id, performance_id=made.performance_id)
            await self._catalogue.OpenForSale(opened, timeout=_CALL_SECONDS)
        return SeededEvening(evening, made.performance_id, version, starts_at_ms)

    def _starts_at_ms(self, evening: Evening) -> int:
        local = datetime.combine(self._today + timedelta(days=evening.days), time.fromisoformat(START))
        found = local_instant(self._house.time_zone, local)
        assert not isinstance(found, NoSuchLocalTime), "no clock changes in the evening"
        return found

    def _key(self, what: str) -> str:
        return f"seed-{self._house.label}-{what}"
