"""The demo's contingents: offices with seats of the hall, a ceiling for the shop, and what is left of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import grpc
import msgspec
from balcon.catalogue.v1 import offices_pb2, quotas_pb2
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from balcon.inventory.v1 import allotment_service_pb2 as pb
from balcon.inventory.v1 import allotments_pb2
from balcon.inventory.v1.allotment_service_pb2_grpc import AllotmentServiceStub
from balcon.inventory.v1.inventory_service_pb2 import (
    GetSeatMapRequest,
    HoldBestAvailableRequest,
    PerformanceKey,
    ReleaseHoldRequest,
    SeatCounts,
    SeatGroup,
)
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.types.v1.quotas_pb2 import QuotaPercentages
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, SeatRefs
from rich.table import Table

from services.console.sale.demo_house import DemoHouse, OnSale
from services.contracts.quotas import cap_of
from services.contracts.reasons import Reason
from services.runtime.clock import Clock
from services.runtime.rpc.errors import refusal_of

_CALL_SECONDS = 30.0
_PROBE_SECONDS = 0.05
# What the shop may sell of the hall before the day of the performance.
ONLINE_PERCENT = 80


@dataclass(frozen=True, slots=True)
class OfficePlan:
    """An office of the demo: what of the hall it is given, and how much of that it will have sold; in hundredths."""

    office_id: str
    name: str
    kind: allotments_pb2.AllotmentKind.ValueType
    share: int
    sells: int


OFFICES = (
    OfficePlan("tourist-office", "Tourist-Information am Markt", allotments_pb2.ALLOTMENT_KIND_HARD, 4, 70),
    OfficePlan("box-office", "Own box office, printed from a file", allotments_pb2.ALLOTMENT_KIND_DIGITAL_HARD, 3, 0),
    OfficePlan("other-system", "Another ticketing system", allotments_pb2.ALLOTMENT_KIND_FOREIGN, 2, 100),
)
# What the shop has sold of the hall when the box office's seats come back to it, as on the day.
RETURN_AT_SHARE = 0.2


class ContingentLine(msgspec.Struct, frozen=True):
    """An allotment when all is over."""

    office: str
    kind: str
    handed_out: int
    reported_sold: int
    returned: int
    open: int


class ContingentFigures(msgspec.Struct, frozen=True):
    """The deck (R1.1) and the shop's ceiling (R4) when all is over."""

    lines: list[ContingentLine]
    pool: int
    allotments: int
    capacity: int
    # Seats that the shop's crowd had or was about to have, and the most that it may.
    used: int
    cap: int

    @property
    def reported_to_platform(self) -> int:
        """What offices sold and the house tells the national platform: a system of somebody else tells its own."""
        return sum(line.reported_sold for line in self.lines if line.kind != "foreign")

    @property
    def holds(self) -> bool:
        """Whether everything adds up and nothing went over its ceiling."""
        closed = all(line.open == 0 and line.handed_out == line.reported_sold + line.returned for line in self.lines)
        deck = self.pool + self.allotments == self.capacity
        reported = sum(line.reported_sold for line in self.lines) == self.allotments
        return closed and deck and reported and self.used <= self.cap


class DemoContingents:
    """Of one performance of the demo house, done as its owner."""

    def __init__(self, catalogue: grpc.aio.Channel, inventory: grpc.aio.Channel, house: DemoHouse) -> None:
        self._catalogue = CatalogueServiceStub(catalogue)
        self._allotments = AllotmentServiceStub(inventory)
        self._seats = InventoryServiceStub(inventory)
        self._house = house
        self._known: OnSale | None = None

    @property
    def _on_sale(self) -> OnSale:
        assert self._known is not None, "nothing was handed out"
        return self._known

    @property
    def _key(self) -> PerformanceKey:
        return PerformanceKey(house_id=self._on_sale.house_id, performance_id=self._on_sale.performance.performance_id)

    async def hand_out(self, on_sale: OnSale) -> None:
        """Before the sale opens: each office its seats, from the hall's end on, and the shop its ceiling.

        The caller is the owner already.
        """
        self._known = on_sale
        end = len(self._on_sale.plan.seats)
        for plan in OFFICES:
            await self._make_office(plan)
            size = max(1, len(self._on_sale.plan.seats) * plan.share // 100)
            await self._allotments.AllotSeats(
                pb.AllotSeatsRequest(
                    key=self._key,
                    step_id=self._step(plan, "out"),
                    allotment_id=self._allotment_id(plan),
                    kind=plan.kind,
                    office_id=plan.office_id,
                    note="the demo's",
                    seats=pb.SeatsToAllot(listed=self._refs(range(end - size, end))),
                ),
                timeout=_CALL_SECONDS,
            )
            end -= size
        await self._limit_the_shop()

    async def wait_until_open(self, clock: Clock) -> None:
        """The owner was asked before the sale opened, and hears of that by an event: until then nobody may hold."""
        deadline = clock.monotonic() + _CALL_SECONDS
        hold_id = f"probe-{self._on_sale.performance.performance_id}"
        probe = HoldBestAvailableRequest(
            key=self._key,
            hold_id=hold_id,
            holder_id=hold_id,
            plan_version=self._on_sale.performance.plan_version,
            groups=[SeatGroup(size=1)],
            channel=CHANNEL_BOX_OFFICE,
        )
        while True:
            try:
                await self._seats.HoldBestAvailable(probe, timeout=_CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                refusal = refusal_of(error)
                if refusal is None or refusal.reason != Reason.NOT_ON_SALE or clock.monotonic() > deadline:
                    raise
                await clock.sleep(_PROBE_SECONDS)
            else:
                break
        release = ReleaseHoldRequest(key=self._key, hold_id=hold_id, holder_id=hold_id)
        await self._seats.ReleaseHold(release, timeout=_CALL_SECONDS)

    async def return_on_the_day(self) -> None:
        """What offices that report nothing still have goes back into the pool in the middle of the sale (R1.6)."""
        await self._house.as_owner(self._return_unsold())

    async def _return_unsold(self) -> None:
        for plan in OFFICES:
            if not plan.sells:
                request = pb.ReturnUnsoldRequest(
                    key=self._key, step_id=self._step(plan, "back"), allotment_id=self._allotment_id(plan)
                )
                await self._allotments.ReturnUnsold(request, timeout=_CALL_SECONDS)

    async def settle(self) -> ContingentFigures:
        """Every office reports what it has sold, and is closed (R1.12)."""
        return await self._house.as_owner(self._settled())

    async def _settled(self) -> ContingentFigures:
        lines = [await self._settle(plan) for plan in OFFICES]
        listed = await self._allotments.ListAllotments(pb.ListAllotmentsRequest(key=self._key), timeout=_CALL_SECONDS)
        counts = (await self._seats.GetSeatMap(GetSeatMapRequest(key=self._key), timeout=_CALL_SECONDS)).counts
        deck = listed.deck
        cap = cap_of(counts.capacity, ONLINE_PERCENT)
        return ContingentFigures(lines, deck.pool, deck.allotments, deck.capacity, _used(counts), cap)

    async def _settle(self, plan: OfficePlan) -> ContingentLine:
        request = pb.GetAllotmentRequest(key=self._key, allotment_id=self._allotment_id(plan))
        seat_ids = (await self._allotments.GetAllotment(request, timeout=_CALL_SECONDS)).allotment.seat_ids
        sold = seat_ids[: len(seat_ids) * plan.sells // 100]
        if sold:
            report = pb.ReportSoldRequest(
                key=self._key,
                step_id=self._step(plan, "sold"),
                allotment_id=self._allotment_id(plan),
                seats=pb.SeatsOfAllotment(listed=self._named(sold)),
            )
            await self._allotments.ReportSold(report, timeout=_CALL_SECONDS)
        close = pb.CloseAllotmentRequest(
            key=self._key, step_id=self._step(plan, "closed"), allotment_id=self._allotment_id(plan)
        )
        counts = (await self._allotments.CloseAllotment(close, timeout=_CALL_SECONDS)).allotment.counts
        kind = allotments_pb2.AllotmentKind.Name(plan.kind).removeprefix("ALLOTMENT_KIND_").lower()
        return ContingentLine(plan.name, kind, counts.handed_out, counts.reported_sold, counts.returned, counts.open)

    async def _make_office(self, plan: OfficePlan) -> None:
        request = offices_pb2.CreateOfficeRequest(
            idempotency_key=f"office-{plan.office_id}",
            house_id=self._on_sale.house_id,
            office=offices_pb2.Office(office_id=plan.office_id, name=plan.name),
        )
        await self._catalogue.CreateOffice(request, timeout=_CALL_SECONDS)

    async def _limit_the_shop(self) -> None:
        performance = self._on_sale.performance
        performance_id = performance.performance_id
        quota = quotas_pb2.Quota(
            quota_id=f"shop-{performance_id}",
            name="The whole hall",
            production_id=performance.production_id,
            performance_ids=[performance_id],
            size=len(self._on_sale.plan.seats),
            presale_hours=2,
            percentages=QuotaPercentages(online_presale=ONLINE_PERCENT),
        )
        request = quotas_pb2.CreateQuotaRequest(
            idempotency_key=f"quota-{performance_id}", house_id=self._on_sale.house_id, quota=quota
        )
        await self._catalogue.CreateQuota(request, timeout=_CALL_SECONDS)

    def _refs(self, seats: Sequence[int]) -> SeatRefs:
        return self._named([self._on_sale.plan.seats[seat].seat_id for seat in seats])

    def _named(self, seat_ids: Sequence[str]) -> SeatRefs:
        return SeatRefs(plan_version=self._on_sale.performance.plan_version, seat_ids=seat_ids)

    def _allotment_id(self, plan: OfficePlan) -> str:
        return f"{plan.office_id}-demo"

    def _step(self, plan: OfficePlan, what: str) -> str:
        return f"{plan.office_id}-{what}"


def _used(counts: SeatCounts) -> int:
    """R4.5: over every channel, with what is on its way."""
    return counts.sold + counts.claimed + counts.held + counts.reserved


def contingents_table(figures: ContingentFigures) -> Table:
    """For people."""
    table = Table(
        title="The contingents",
        title_justify="left",
        caption_justify="left",
        caption=(
            f"pool {figures.pool:,} + contingents {figures.allotments:,} = capacity {figures.capacity:,}; "
            f"sold, held and reserved {figures.used:,} of at most {figures.cap:,}"
        ),
    )
    table.add_column("office")
    table.add_column("kind")
    for column in ("handed out", "sold", "returned", "open"):
        table.add_column(column, justify="right")
    for line in figures.lines:
        numbers = (line.handed_out, line.reported_sold, line.returned, line.open)
        table.add_row(line.office, line.kind.replace("_", " "), *(f"{number:,}" for number in numbers))
    return table
