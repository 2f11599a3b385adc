"""Contingents of a seeded house: offices, allotments of every kind in every state, quotas, blocks, reserved seats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balcon.catalogue.v1 import discounts_pb2, offices_pb2, quotas_pb2
from balcon.inventory.v1 import allotment_service_pb2 as pb
from balcon.inventory.v1 import allotments_pb2, reservation_service_pb2
from balcon.inventory.v1.inventory_service_pb2 import (
    BLOCK_KIND_HARD,
    BLOCK_KIND_SOFT,
    BlockKind,
    BlockSeatsRequest,
    GetSeatMapRequest,
    PerformanceKey,
)
from balcon.types.v1.quotas_pb2 import QuotaPercentages
from balcon.types.v1.seating_pb2 import CHANNEL_BACKEND, SeatRefs

from services.console.seed.programme import SeededEvening
from services.console.seed.season import SeededHouse
from services.contracts.wire_types import wire_instant

if TYPE_CHECKING:  # the generated stubs have an async face for type checkers only
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub
    from balcon.inventory.v1.allotment_service_pb2_grpc import AllotmentServiceAsyncStub
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub
    from balcon.inventory.v1.reservation_service_pb2_grpc import ReservationServiceAsyncStub

_CALL_SECONDS = 60.0
_HOUR_MS = 3_600_000
# Hours before the start when unsold seats come home, and when a reservation ends.
_RETURN_HOURS, _DEADLINE_HOURS = 8, 48
TOURIST, STATION, OTHER = "tourist", "station", "other-system"
_OFFICES: Mapping[str, Sequence[str]] = {
    TOURIST: ("Tourist Information", "Marktplatz 1", "99084 Erfurt"),
    STATION: ("Kiosk at the station", "Stationsplein 4", "3511 ED Utrecht"),
    OTHER: ("The other ticketing system", "", ""),
}


@dataclass(frozen=True, slots=True)
class Dealt:
    """An allotment of an evening: of its seats so many, of which the office reports some sold; `ends`: it is closed."""

    evening: str
    name: str
    kind: allotments_pb2.AllotmentKind.ValueType
    office: str
    seats: int
    sold: int = 0
    recalled: int = 0
    is_due: bool = False
    ends: bool = False


DEALT = (
    Dealt("past7", "hard-past", allotments_pb2.ALLOTMENT_KIND_HARD, TOURIST, 12, sold=9, ends=True),
    Dealt("soon13", "hard", allotments_pb2.ALLOTMENT_KIND_HARD, TOURIST, 20, sold=6, recalled=2),
    Dealt("soon13", "digital", allotments_pb2.ALLOTMENT_KIND_DIGITAL_HARD, STATION, 10, sold=3, is_due=True),
    Dealt("soon13", "offer", allotments_pb2.ALLOTMENT_KIND_OFFER, "", 2, is_due=True),
    Dealt("soon48", "foreign", allotments_pb2.ALLOTMENT_KIND_FOREIGN, OTHER, 30, sold=4),
)


class Contingents:
    """To be called as the owner. Each step may be repeated: which seats are dealt is the plan's order alone."""

    def __init__(
        self,
        catalogue: CatalogueServiceAsyncStub,
        inventory: InventoryServiceAsyncStub,
        allotments: AllotmentServiceAsyncStub,
        reservations: ReservationServiceAsyncStub,
        house: SeededHouse,
        house_id: str,
    ) -> None:
        self._catalogue = catalogue
        self._inventory = inventory
        self._allotments = allotments
        self._reservations = reservations
        self._house = house
        self._house_id = house_id
        # Of each performance, from the plan's end on: what is dealt already.
        self._dealt: dict[str, int] = {}
        self._seat_ids: dict[str, Sequence[str]] = {}

    async def make(self, evenings: Sequence[SeededEvening], productions: Sequence[str]) -> None:
        """Everything, before anything is sold."""
        by_key = {evening.evening.key: evening for evening in evenings}
        for office_id, (name, *address) in _OFFICES.items():
            await self._office(office_id, name, [line for line in address if line])
        await self._contingent_discount()
        await self._quota(productions[0])
        for dealt in DEALT:
            await self._deal(dealt, by_key[dealt.evening])
        await self._block(by_key["soon13"], 2, "camera", BLOCK_KIND_HARD)
        await self._block(by_key["soon13"], 4, "kept for the press", BLOCK_KIND_SOFT)
        await self._reserve(by_key["soon13"])

    async def _office(self, office_id: str, name: str, address: Sequence[str]) -> None:
        office = offices_pb2.Office(
            office_id=office_id,
            name=name,
            address_lines=address,
            email=f"{office_id}@example.com",
            language=self._house.languages[0],
            conditions="Unsold seats are given back by noon on the day of the performance.",
            commission="8 % of what is sold",
        )
        request = offices_pb2.CreateOfficeRequest(
            idempotency_key=self._key(f"office-{office_id}"), house_id=self._house_id, office=office
        )
        await self._catalogue.CreateOffice(request, timeout=_CALL_SECONDS)

    async def _contingent_discount(self) -> None:
        """R1.10: sales with a name, not blocks."""
        discount = discounts_pb2.Discount(
            discount_id="friends",
            name="Friends of the house, 20 % off",
            effect=discounts_pb2.DiscountEffect(
                kind=discounts_pb2.DISCOUNT_EFFECT_KIND_PERCENT_OFF, basis_points=2_000
            ),
            needs_code=True,
            office_id=TOURIST,
        )
        request = discounts_pb2.CreateDiscountRequest(
            idempotency_key=self._key("friends"), house_id=self._house_id, discount=discount
        )
        await self._catalogue.CreateDiscount(request, timeout=_CALL_SECONDS)

    async def _quota(self, production_id: str) -> None:
        """Two thirds online until the day before; on Saturdays the whole is smaller."""
        quota = quotas_pb2.Quota(
            quota_id="season",
            name="Season",
            production_id=production_id,
            size=600,
            presale_hours=24,
            percentages=QuotaPercentages(online_presale=66, box_office_presale=100, backend_presale=20),
            rules=[quotas_pb2.QuotaRule(weekdays=[6], size=500)],
        )
        request = quotas_pb2.CreateQuotaRequest(
            idempotency_key=self._key("quota"), house_id=self._house_id, quota=quota
        )
        await self._catalogue.CreateQuota(request, timeout=_CALL_SECONDS)

    async def _deal(self, dealt: Dealt, evening: SeededEvening) -> None:
        seats, key = await self._next_seats(evening, dealt.seats), self._performance(evening)
        request = pb.AllotSeatsRequest(
            key=key,
            step_id=f"{dealt.name}-out",
            allotment_id=dealt.name,
            kind=dealt.kind,
            office_id=dealt.office,
            seats=pb.SeatsToAllot(listed=self._refs(evening, seats)),
        )
        if dealt.is_due:
            request.return_due_at.CopyFrom(wire_instant(evening.starts_at_ms - _RETURN_HOURS * _HOUR_MS))
        await self._allotments.AllotSeats(request, timeout=_CALL_SECONDS)
        if dealt.sold:
            named = pb.SeatsOfAllotment(listed=self._refs(evening, seats[: dealt.sold]))
            report = pb.ReportSoldRequest(key=key, step_id=f"{dealt.name}-sold", allotment_id=dealt.name, seats=named)
            await self._allotments.ReportSold(report, timeout=_CALL_SECONDS)
        if dealt.recalled:
            named = pb.SeatsOfAllotment(listed=self._refs(evening, seats[-dealt.recalled :]))
            recall = pb.RecallSeatsRequest(key=key, step_id=f"{dealt.name}-back", allotment_id=dealt.name, seats=named)
            await self._allotments.RecallSeats(recall, timeout=_CALL_SECONDS)
        if dealt.ends:
            close = pb.CloseAllotmentRequest(key=key, step_id=f"{dealt.name}-end", allotment_id=dealt.name)
            await self._allotments.CloseAllotment(close, timeout=_CALL_SECONDS)

    async def _block(self, evening: SeededEvening, count: int, reason: str, kind: BlockKind.ValueType) -> None:
        request = BlockSeatsRequest(
            key=self._performance(evening),
            seats=self._refs(evening, await self._next_seats(evening, count)),
            reason=reason,
            kind=kind,
        )
        await self._inventory.BlockSeats(request, timeout=_CALL_SECONDS)

    async def _reserve(self, evening: SeededEvening) -> None:
        request = reservation_service_pb2.ReserveSeatsRequest(
            key=self._performance(evening),
            reservation_id="school",
            holder_id="back-office",
            seats=self._refs(evening, await self._next_seats(evening, 8)),
            channel=CHANNEL_BACKEND,
            reference="school class, file 2026-114",
            deadline_at=wire_instant(evening.starts_at_ms - _DEADLINE_HOURS * _HOUR_MS),
        )
        await self._reservations.ReserveSeats(request, timeout=_CALL_SECONDS)

    async def _next_seats(self, evening: SeededEvening, count: int) -> Sequence[str]:
        """From the plan's end on, whatever of them is free: a copy of the command is about the same ones."""
        performance_id = evening.performance_id
        if performance_id not in self._seat_ids:
            request = GetSeatMapRequest(key=self._performance(evening), with_seat_ids=True)
            answer = await self._inventory.GetSeatMap(request, timeout=_CALL_SECONDS)
            self._seat_ids[performance_id] = answer.seat_ids
        end = len(self._seat_ids[performance_id]) - self._dealt.get(performance_id, 0)
        self._dealt[performance_id] = self._dealt.get(performance_id, 0) + count
        return self._seat_ids[performance_id][end - count : end]

    def _performance(self, evening: SeededEvening) -> PerformanceKey:
        return PerformanceKey(house_id=self._house_id, performance_id=evening.performance_id)

    @staticmethod
    def _refs(evening: SeededEvening, seat_ids: Sequence[str]) -> SeatRefs:
        return SeatRefs(plan_version=evening.plan_version, seat_ids=seat_ids)

    def _key(self, what: str) -> str:
        return f"seed-{self._house.label}-{what}"
