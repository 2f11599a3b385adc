"""Performances as the catalogue tells them, copied into the inventory's own database on first use.

After that no catalogue is needed to answer. A plan version never changes; rules follow the catalogue's events.
"""

from __future__ import annotations

import asyncio
import dataclasses
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import grpc
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from sqlalchemy import Row, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.wire_types import instant_ms
from services.inventory.adapters.plan_places import pack_places, unpack_layout
from services.inventory.adapters.quota_rows import quota_rows, quotas_of_rows
from services.inventory.adapters.tables import performance as performances
from services.inventory.adapters.tables import seat_plan as plans
from services.inventory.domain.records import NEVER_MS, HoldRules, SalesWindow
from services.inventory.domain.refusals import PerformanceNotFound, SeatingPlanNotFound
from services.inventory.domain.seat_layout import SeatPlace
from services.inventory.ports import Performance, SeatPlan
from services.runtime.errors import Retryable
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import AllHouses, HouseScope

if TYPE_CHECKING:
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub

# Seats of the plans kept in memory, together; one takes some 0.5 kB. A single plan may be larger than that.
PLAN_SEATS_CACHED = 1_000_000
# The whole of a plan must come within.
PLAN_SECONDS = 30.0

_ANY_HOUSE = AllHouses("a node asks for the performances that it owns, whatever their house")

# Seat ids in the plan's order, and the blob of their places.
_StoredPlan = tuple[list[str], bytes | None]


class CatalogueUnavailable(Retryable):
    """The catalogue did not answer for a performance that is not known here yet."""


class PlanUnknown(CatalogueUnavailable):
    """The catalogue does not know that plan version."""


class CataloguePerformances:
    """See ports.Performances."""

    def __init__(self, engine: AsyncEngine, channel: grpc.aio.Channel, *, grace_ms: int, cap_ms: int) -> None:
        self._engine = engine
        self._catalogue: CatalogueServiceAsyncStub = CatalogueServiceStub(channel)
        self._grace_ms = grace_ms
        self._cap_ms = cap_ms
        self._plans: OrderedDict[tuple[str, int], SeatPlan] = OrderedDict()
        self._plan_seats = 0
        # A hundred performances of one hall that wake up together read its plan once.
        self._reading: dict[tuple[str, int], asyncio.Lock] = {}

    async def find(self, house_id: str, performance_id: str) -> Performance | PerformanceNotFound:
        async with connected(self._engine, HouseScope(house_id)) as connection:
            row = await self._row(connection, house_id, performance_id)
        if row is None:
            told = await self._ask(house_id, performance_id)
            if told is None:
                return PerformanceNotFound(performance_id)
            row = await self._copy(told)
        elif not row.on_sale or row.sale_ends_at_ms is None:
            row = await self._ask_again(row, house_id, performance_id)
        plan = await self._plan(house_id, row.hall_id, row.plan_version)
        return Performance(performance_id, house_id, plan, self._rules(row))

    async def with_plan(self, performance: Performance, plan_version: int) -> Performance | SeatingPlanNotFound:
        async with connected(self._engine, HouseScope(performance.house_id)) as connection:
            row = await self._row(connection, performance.house_id, performance.performance_id)
        assert row is not None, "it was found before"
        try:
            plan = await self._plan(performance.house_id, row.hall_id, plan_version)
        except PlanUnknown:
            return SeatingPlanNotFound(plan_version)
        return dataclasses.replace(performance, plan=plan)

    async def rules_of(self, performance_ids: Sequence[str]) -> dict[str, HoldRules]:
        if not performance_ids:
            return {}
        async with connected(self._engine, _ANY_HOUSE) as connection:
            query = select(performances).where(performances.c.performance_id.in_(performance_ids))
            return {row.performance_id: self._rules(row) for row in await connection.execute(query)}

    async def house_of(self, performance_id: str) -> str | None:
        query = select(performances.c.house_id).where(performances.c.performance_id == performance_id)
        async with connected(self._engine, _ANY_HOUSE) as connection:
            house_id: str | None = await connection.scalar(query)
        return house_id

    def _rules(self, row: Row[tuple[object, ...]]) -> HoldRules:
        return HoldRules(
            on_sale=row.on_sale,
            seats_per_holder=row.seats_per_holder,
            ttl_ms=row.hold_ttl_seconds * 1000,
            cap_ms=self._cap_ms,
            grace_ms=self._grace_ms,
            refuses_orphans=row.refuses_orphans,
            sale_ends_at_ms=row.sale_ends_at_ms or NEVER_MS,
            windows=tuple(SalesWindow(channel, opens, closes or NEVER_MS) for channel, opens, closes in row.windows),
            cancelled=row.cancelled,
            quotas=quotas_of_rows(row.quotas),
            terms_version=row.terms_version,
            published_at_ms=row.published_at_ms or NEVER_MS,
        )

    @staticmethod
    async def _row(connection: AsyncConnection, house_id: str, performance_id: str) -> Row[tuple[object, ...]] | None:
        own = (performances.c.performance_id == performance_id) & (performances.c.house_id == house_id)
        return (await connection.execute(select(performances).where(own))).one_or_none()

    async def _ask(
        self, house_id: str, performance_id: str, *, wait_for_ready: bool | None = None
    ) -> catalogue.Performance | None:
        request = catalogue.GetPerformanceRequest(house_id=house_id, performance_id=performance_id)
        try:
            answer = await self._catalogue.GetPerformance(request, wait_for_ready=wait_for_ready)
        except grpc.aio.AioRpcError as error:
            if error.code() in {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT}:
                return None
            raise CatalogueUnavailable(performance_id=performance_id) from error
        return answer.performance

    async def _ask_again(
        self, row: Row[tuple[object, ...]], house_id: str, performance_id: str
    ) -> Row[tuple[object, ...]]:
        """The sale may have opened a moment ago, its event still on the way: the crowd must not find a closed door."""
        try:
            # What is known here is enough: a catalogue that is away must not keep a performance from its next owner.
            told = await self._ask(house_id, performance_id, wait_for_ready=False)
        except CatalogueUnavailable:
            return row
        return row if told is None else await self._copy(told)

    async def _copy(self, told: catalogue.Performance) -> Row[tuple[object, ...]]:
        async with connected(self._engine, HouseScope(told.house_id)) as connection:
            await upsert_performance(connection, told)
            row = await self._row(connection, told.house_id, told.performance_id)
        assert row is not None
        return row

    async def _plan(self, house_id: str, hall_id: str, plan_version: int) -> SeatPlan:
        """The plan with its layout. Built outside the event loop: a large hall takes a tenth of a second."""
        key = (hall_id, plan_version)
        async with self._reading.setdefault(key, asyncio.Lock()):
            plan = self._plans.get(key)
            if plan is None:
                stored = await self._stored_plan(house_id, hall_id, plan_version)
                if stored is None:
                    stored = await self._fetch_plan(house_id, hall_id, plan_version)
                plan = await asyncio.to_thread(_built, plan_version, *stored)
                self._keep(key, plan)
        self._reading.pop(key, None)
        self._plans.move_to_end(key)
        return plan

    def _keep(self, key: tuple[str, int], plan: SeatPlan) -> None:
        self._plans[key] = plan
        self._plan_seats += len(plan.seat_ids)
        while self._plan_seats > PLAN_SEATS_CACHED and len(self._plans) > 1:
            _, gone = self._plans.popitem(last=False)
            self._plan_seats -= len(gone.seat_ids)

    async def _stored_plan(self, house_id: str, hall_id: str, plan_version: int) -> _StoredPlan | None:
        query = select(plans.c.seat_ids, plans.c.places).where(
            plans.c.hall_id == hall_id, plans.c.plan_version == plan_version, plans.c.house_id == house_id
        )
        async with connected(self._engine, HouseScope(house_id)) as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else (zlib.decompress(row.seat_ids).decode().split("\n"), row.places)

    async def _fetch_plan(self, house_id: str, hall_id: str, plan_version: int) -> _StoredPlan:
        request = catalogue.StreamSeatingPlanRequest(house_id=house_id, hall_id=hall_id, plan_version=plan_version)
        plan = catalogue.SeatingPlan()
        try:
            async for part in self._catalogue.StreamSeatingPlan(request, timeout=PLAN_SECONDS, wait_for_ready=True):
                plan.MergeFrom(part.plan)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                raise PlanUnknown(hall_id=hall_id, plan_version=plan_version) from error
            raise CatalogueUnavailable(hall_id=hall_id, plan_version=plan_version) from error
        seat_ids, packed_ids, places = await asyncio.to_thread(_packed, plan)
        row = {
            "hall_id": hall_id,
            "plan_version": plan_version,
            "house_id": house_id,
            "seat_ids": packed_ids,
            "places": places,
        }
        async with connected(self._engine, HouseScope(house_id)) as connection:
            await connection.execute(insert(plans).values(row).on_conflict_do_nothing())
        return seat_ids, places


def _packed(plan: catalogue.SeatingPlan) -> tuple[list[str], bytes, bytes]:
    seat_ids = [seat.seat_id for seat in plan.seats]
    categories = [category.name for category in plan.categories]
    places = pack_places([_place(seat) for seat in plan.seats], _focal_point(plan), categories)
    return seat_ids, zlib.compress("\n".join(seat_ids).encode()), places


def _built(plan_version: int, seat_ids: Sequence[str], places: bytes | None) -> SeatPlan:
    return SeatPlan.of(plan_version, seat_ids, unpack_layout(places) if places else None)


def _place(seat: catalogue.Seat) -> SeatPlace:
    return SeatPlace(seat.zone, seat.row, seat.category, seat.x, seat.y, seat.accessible, seat.standing)


def _focal_point(plan: catalogue.SeatingPlan) -> tuple[float, float] | None:
    return (plan.focal_point.x, plan.focal_point.y) if plan.HasField("focal_point") else None


async def upsert_performance(
    connection: AsyncConnection, told: catalogue.Performance, *, may_replace: bool = True
) -> None:
    """Copies a performance as the catalogue tells it; `may_replace`: also over what is here. Its plan stays.

    What was asked for may be newer than the events that are still on the way: the higher version of its terms stays. A
    catalogue of the release before tells none, and is believed.
    """
    rules: Mapping[str, object] = {
        "on_sale": told.sale_state == catalogue.SALE_STATE_ON_SALE,
        "seats_per_holder": told.seats_per_holder,
        "hold_ttl_seconds": told.hold_ttl_seconds,
        "title": told.title,
        "refuses_orphans": told.refuses_orphans,
        "sale_ends_at_ms": instant_ms(told.sale_ends_at),
        "windows": [
            (window.channel, instant_ms(window.opens_at), instant_ms(window.closes_at)) for window in told.sales_windows
        ],
        "cancelled": told.sale_state == catalogue.SALE_STATE_CANCELLED,
        "quotas": quota_rows(told.quotas),
        "terms_version": told.terms_version,
        "published_at_ms": (
            instant_ms(told.published_at) if told.publication == catalogue.PUBLICATION_PUBLISHED else 0
        ),
    }
    statement = insert(performances).values(
        performance_id=told.performance_id,
        house_id=told.house_id,
        hall_id=told.hall_id,
        plan_version=told.plan_version,
        **rules,
    )
    if may_replace:
        newer = performances.c.terms_version <= told.terms_version if told.terms_version else true()
        own = performances.c.house_id == told.house_id
        statement = statement.on_conflict_do_update(
            index_elements=["performance_id"], set_=dict(rules), where=own & newer
        )
    else:
        statement = statement.on_conflict_do_nothing()
    await connection.execute(statement)
