"""Deals and settlements over real read models; neighbours are played, and the clock is the test's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from balcon.inventory.v1.allotments_pb2 import ALLOTMENT_KIND_HARD, Allotment, AllotmentChanged, AllotmentCounts
from balcon.reporting.v1 import settlements_pb2 as pb
from balcon.types.v1.money_pb2 import Money
from google.protobuf.message import Message as Protobuf

from services.contracts.prices import Component, ComponentKind, VatRounding
from services.contracts.wire_types import wire_instant
from services.paper.house_style import HouseStyle
from services.reporting.adapters.ed25519_settlement_signer import Ed25519SettlementSigner
from services.reporting.adapters.postgres_settlement_keys import PostgresSettlementKeys
from services.reporting.adapters.settlement_transaction import PostgresSettlementTransaction
from services.reporting.adapters.writing_transaction import WritingStore
from services.reporting.api.settlements_servicer import SettlementHandlers, SettlementsServicer
from services.reporting.domain.refusals import PerformanceNotFound
from services.reporting.handlers.deals import DealHandler
from services.reporting.handlers.granted_settlements import GrantedSettlementHandler
from services.reporting.handlers.settlement_facts import SettlementFacts
from services.reporting.handlers.settlement_keys import SettlementKeyRing
from services.reporting.handlers.settlement_papers import SettlementPapers
from services.reporting.handlers.settlements import SettlementHandler
from services.reporting.handlers.sights import Sights
from services.reporting.ports.figures import Figures, Narrowing, Sight
from services.reporting.ports.grants import GrantedHouse
from services.reporting.ports.shows import OrdersSeen, ReportedSales, Show
from services.runtime.clock import SystemClock
from services.runtime.errors import Refusal
from services.runtime.ids import RandomIds
from services.runtime.rpc.errors import Refused
from services.runtime.seal import Seal
from services.runtime.signing_keys.rotation import RotationRule
from tests.integration.reporting.figures_stage import ZONE, FiguresStage, at, figures_stage, performance
from tests.integration.reporting.sales_stage import HOUSE

STARTS, ENDS, AFTER = "2027-02-01 20:00", "2027-02-01 22:00", "2027-02-01 22:00"
_DAY_MS = 24 * 3_600_000
PRICE = (
    Component(ComponentKind.BASE, 2300, "low", 900),
    Component(ComponentKind.THEATRE_SURCHARGE, 200, "low", 900),
    Component(ComponentKind.SERVICE_FEE, 150, "high", 2100),
)


class TestClock(SystemClock):
    """Shows what the test says."""

    __test__ = False

    def __init__(self, now_ms: int) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms


@dataclass
class PlayedShows:
    """The Shows; one performance. What offices reported is by allotment and category. `unheard`: tickets and money that
    orders has and the read models have not."""

    figures: Figures
    performance_id: str = "p1"
    ends_at_ms: int | None = field(default_factory=lambda: at(ENDS))
    reported_sold: dict[str, dict[str, int]] = field(default_factory=dict)
    under_way: int = 0
    unheard: tuple[int, int] = (0, 0)
    is_cancelled: bool = False

    async def show(self, house_id: str, performance_id: str, /) -> Show | Refusal:
        if (house_id, performance_id) != (HOUSE, self.performance_id):
            return PerformanceNotFound(house_id, performance_id)
        return Show(
            house_id=house_id,
            house_name="Elckerlijc",
            time_zone=ZONE,
            performance_id=performance_id,
            production_id="prod_1",
            title="Elckerlijc",
            subtitle="",
            hall_id="hall_1",
            hall="Grote zaal",
            hall_address=(),
            plan_version=1,
            capacity=100,
            starts_at_ms=at(STARTS),
            ends_at_ms=self.ends_at_ms,
            is_cancelled=self.is_cancelled,
            prices={("A", "normal"): PRICE},
            vat_rounding=VatRounding.HALF_UP_PER_LINE,
        )

    async def reported(self, show: Show, allotment_ids: Collection[str], /) -> Sequence[ReportedSales]:
        known = self.reported_sold
        return [ReportedSales(each, "office_1", known[each]) for each in sorted(allotment_ids) if each in known]

    async def orders(self, house_id: str, performance_id: str, /) -> OrdersSeen:
        of_performance = Narrowing(performance_ids=frozenset({performance_id}))
        found = await self.figures.sums(Sight(house_id, whole_house=True), of_performance, ())
        tickets = sum(row.sums.tickets for row in found) + self.unheard[0]
        return OrdersSeen(self.under_way, tickets, sum(row.sums.revenue_minor for row in found) + self.unheard[1])

    async def names(
        self, house_id: str, office_ids: Collection[str], discount_ids: Collection[str], /
    ) -> tuple[dict[str, str], dict[str, str]]:
        return {each: f"Office {each}" for each in office_ids}, {each: f"Discount {each}" for each in discount_ids}


@dataclass
class PlayedGrants:
    """The Grants."""

    sights: Mapping[str, Sequence[Sight]] = field(default_factory=dict)

    async def of(self, subject: str, /) -> Sequence[GrantedHouse]:
        return [
            GrantedHouse(each.house_id, each.house_id, each.house_id, each) for each in self.sights.get(subject, ())
        ]


class PlainStyles:
    """The HouseStyles of a house that has said nothing."""

    async def name(self, house_id: str, /) -> str:
        return house_id

    async def style(self, house_id: str, language: str, /) -> HouseStyle:
        return HouseStyle("Elckerlijc", language, ZONE, "EUR")


class SettlementStage:
    """The service's own calls; `told` is the reason of a refusal."""

    def __init__(self, figures: FiguresStage) -> None:
        self.figures = figures
        self.clock = TestClock(at(AFTER))
        self.shows, self.grants = PlayedShows(figures.figures), PlayedGrants()
        ids, engine = RandomIds(), figures.engine
        store = WritingStore(PostgresSettlementTransaction, engine, clock=self.clock, ids=ids, wake=lambda: None)
        signer = Ed25519SettlementSigner(Seal(("a secret of the tests' own",), owner="settlements"))
        rule = RotationRule(sign_ms=365 * _DAY_MS, announce_ms=_DAY_MS)
        ring = SettlementKeyRing(PostgresSettlementKeys(engine), signer, self.clock, rule)
        facts = SettlementFacts(figures.figures, self.shows)
        settlements = SettlementHandler(store, facts, ring, signer, ids)
        self.granted = GrantedSettlementHandler(Sights(self.grants), settlements)
        papers = SettlementPapers(PlainStyles(), self.clock)
        self.calls: Any = SettlementsServicer(SettlementHandlers(DealHandler(store), settlements, self.granted, papers))
        self._keys = 0

    def key(self) -> str:
        self._keys += 1
        return f"key_{self._keys}"

    async def set_deal(self, **terms: Any) -> pb.Deal:
        given: dict[str, Any] = {
            "scope": pb.DEAL_SCOPE_PRODUCTION,
            "scope_id": "prod_1",
            "producer": "Het Gezelschap",
            "basis": pb.REVENUE_BASIS_NET,
            "partage": pb.Partage(tiers=[pb.PartageTier(producer_basis_points=7_000)]),
        }
        etag = terms.pop("etag", "")
        request = pb.SetDealRequest(
            idempotency_key=self.key(), house_id=HOUSE, deal=pb.Deal(**{**given, **terms}), etag=etag
        )
        answer: pb.SetDealResponse = await self.calls.SetDeal(request, None)
        return answer.deal

    async def preview(self) -> pb.Settlement:
        request = pb.PreviewSettlementRequest(house_id=HOUSE, performance_id="p1")
        answer: pb.PreviewSettlementResponse = await self.calls.PreviewSettlement(request, None)
        return answer.settlement

    async def obstacles(self) -> list[str]:
        name = pb.SettlementObstacleKind.Name
        return [name(each.kind).removeprefix("SETTLEMENT_OBSTACLE_KIND_") for each in (await self.preview()).obstacles]

    async def finalise(self, key: str = "") -> pb.Settlement:
        request = pb.FinaliseSettlementRequest(
            idempotency_key=key or self.key(), house_id=HOUSE, performance_id=self.shows.performance_id
        )
        answer: pb.FinaliseSettlementResponse = await self.calls.FinaliseSettlement(request, None)
        return answer.settlement

    async def correct(self, settlement_id: str, reason: str = "Restitutie") -> pb.Settlement:
        request = pb.CorrectSettlementRequest(
            idempotency_key=self.key(), house_id=HOUSE, settlement_id=settlement_id, reason=reason
        )
        answer: pb.CorrectSettlementResponse = await self.calls.CorrectSettlement(request, None)
        return answer.settlement

    async def listed(self) -> list[pb.SettlementSummary]:
        answer = await self.calls.ListSettlements(pb.ListSettlementsRequest(house_id=HOUSE), None)
        return list(answer.settlements)

    async def verify(self, settlement_id: str, sha256: str = "") -> pb.VerifySettlementResponse:
        request = pb.VerifySettlementRequest(house_id=HOUSE, settlement_id=settlement_id, printed_sha256=sha256)
        answer: pb.VerifySettlementResponse = await self.calls.VerifySettlement(request, None)
        return answer


async def told(call: Any) -> str:
    """The reason of a refusal, and what it says."""
    try:
        await call
    except Refused as refused:
        return f"{refused.refusal.reason()}: {refused.refusal.message()}"
    return "OK"


def euros(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency="EUR")


def allotment(version: int, *, sold: int, opened: int, returned: int = 0, is_closed: bool = False) -> AllotmentChanged:
    one = Allotment(
        house_id=HOUSE,
        performance_id="p1",
        allotment_id="a1",
        kind=ALLOTMENT_KIND_HARD,
        office_id="office_1",
        version=version,
        counts=AllotmentCounts(handed_out=sold + opened + returned, reported_sold=sold, open=opened, returned=returned),
    )
    if is_closed:
        one.closed_at.CopyFrom(wire_instant(at(AFTER)))
    return AllotmentChanged(allotment=one, changed_at=wire_instant(at("2027-02-01 12:00") + version))


@asynccontextmanager
async def settlement_stage(url: str, *messages: Protobuf) -> AsyncIterator[SettlementStage]:
    async with figures_stage(url, performance("p1", STARTS), *messages) as figures:
        yield SettlementStage(figures)
