"""Figures out of a list of movements, added up one by one: slow, plain, and what every report must agree with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from services.contracts.house_time import local_of
from services.reporting.ports.figures import (
    AllotmentFigures,
    Dimension,
    FunnelStepCount,
    Movement,
    Narrowing,
    PerformanceFigures,
    Sight,
    SumRow,
    Sums,
)

HOUSE = "house_1"
ZONE = "Europe/Amsterdam"
WHOLE = Sight(HOUSE, whole_house=True)


@dataclass(frozen=True, slots=True)
class Part:
    """Of a movement's amount; signed as it is."""

    component: str
    vat_class: str
    rate_basis_points: int
    amount_minor: int
    vat_minor: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """A movement with the parts of its amount, which add up to it."""

    movement: Movement
    parts: tuple[Part, ...]


@dataclass
class FiguresTwin:
    """See Figures. Of one house."""

    moved: list[Moved] = field(default_factory=list)
    shows: list[PerformanceFigures] = field(default_factory=list)
    given: list[AllotmentFigures] = field(default_factory=list)
    steps: list[FunnelStepCount] = field(default_factory=list)
    zone: str = ZONE
    # Each question's sight and narrowing.
    asked: list[tuple[Sight, Narrowing]] = field(default_factory=list)

    async def zone_of(self, house_id: str) -> str:
        return self.zone

    async def sums(self, sight: Sight, narrowing: Narrowing, by: Sequence[Dimension]) -> Sequence[SumRow]:
        self.asked.append((sight, narrowing))
        of_parts = bool({Dimension.COMPONENT, Dimension.VAT_CLASS, Dimension.VAT_RATE} & set(by))
        found: dict[tuple[tuple[str, ...], str], list[Sums]] = defaultdict(list)
        for one in self._seen(sight, narrowing):
            for part in one.parts if of_parts else (None,):
                values = tuple(self._value(one.movement, part, dimension) for dimension in by)
                found[values, one.movement.currency].append(_sums(one.movement, part))
        return [SumRow(values, currency, _added(sums)) for (values, currency), sums in sorted(found.items())]

    async def performances(self, sight: Sight, narrowing: Narrowing) -> Sequence[PerformanceFigures]:
        sums = {row.values[0]: row.sums for row in await self.sums(sight, narrowing, (Dimension.PERFORMANCE,))}
        found = [one for one in self.shows if self._is_seen(one.performance_id, sight, narrowing)]
        told = [replace(one, sums=sums.get(one.performance_id, Sums())) for one in found]
        return sorted(told, key=lambda one: (one.starts_at_ms, one.performance_id))

    async def movements(self, sight: Sight, narrowing: Narrowing) -> AsyncIterator[Movement]:
        for one in sorted(self._seen(sight, narrowing), key=lambda one: one.movement.at_ms):
            yield one.movement

    async def funnel(self, sight: Sight, narrowing: Narrowing) -> Sequence[FunnelStepCount]:
        return [one for one in self.steps if self._is_seen(one.performance_id, sight, narrowing)]

    async def allotments(self, sight: Sight, narrowing: Narrowing) -> Sequence[AllotmentFigures]:
        return [one for one in self.given if self._is_seen(one.performance_id, sight, narrowing)]

    def _seen(self, sight: Sight, narrowing: Narrowing) -> list[Moved]:
        return [
            one
            for one in self.moved
            if self._is_seen(one.movement.performance_id, sight, narrowing)
            and (not narrowing.channels or one.movement.channel in narrowing.channels)
            and (not narrowing.sellers or one.movement.seller in narrowing.sellers)
            and (not narrowing.office_ids or one.movement.office_id in narrowing.office_ids)
            and _within(one.movement.at_ms, narrowing.moved_from_ms, narrowing.moved_until_ms)
        ]

    def _is_seen(self, performance_id: str, sight: Sight, narrowing: Narrowing) -> bool:
        show = self._show(performance_id)
        granted = (
            sight.whole_house or performance_id in sight.performance_ids or show.production_id in sight.production_ids
        )
        return (
            granted
            and (not narrowing.performance_ids or performance_id in narrowing.performance_ids)
            and (not narrowing.production_ids or show.production_id in narrowing.production_ids)
            and (not narrowing.hall_ids or show.hall_id in narrowing.hall_ids)
            and (not narrowing.titles or show.title in narrowing.titles)
            and _within(show.starts_at_ms, narrowing.starts_from_ms, narrowing.starts_until_ms)
        )

    def _show(self, performance_id: str) -> PerformanceFigures:
        return next(one for one in self.shows if one.performance_id == performance_id)

    def _value(self, movement: Movement, part: Part | None, dimension: Dimension) -> str:
        show = self._show(movement.performance_id)
        local = local_of(self.zone, movement.at_ms)
        values: Mapping[Dimension, str] = {
            Dimension.PERFORMANCE: movement.performance_id,
            Dimension.HALL: show.hall_id,
            Dimension.CATEGORY: movement.category,
            Dimension.KIND: movement.kind,
            Dimension.TICKET_TYPE: movement.ticket_type,
            Dimension.CHANNEL: movement.channel.value,
            Dimension.OFFICE: movement.office_id,
            Dimension.SELLER_KIND: movement.seller_kind,
            Dimension.SELLER: movement.seller,
            Dimension.SEAT: movement.seat_id,
            Dimension.COMPONENT: part.component if part else "",
            Dimension.VAT_CLASS: part.vat_class if part else "",
            Dimension.VAT_RATE: f"{part.rate_basis_points:05}" if part else "",
            Dimension.MINUTE: local.strftime("%Y-%m-%dT%H:%M"),
            Dimension.HOUR: local.strftime("%Y-%m-%dT%H"),
            Dimension.DAY: local.date().isoformat(),
            Dimension.WEEK: (local.date() - timedelta(days=local.weekday())).isoformat(),
            Dimension.MONTH: local.strftime("%Y-%m"),
            Dimension.DAYS_BEFORE: f"{(local_of(self.zone, show.starts_at_ms).date() - local.date()).days:05}",
        }
        return values[dimension]


def _within(ms: int, from_ms: int | None, until_ms: int | None) -> bool:
    return (from_ms is None or ms >= from_ms) and (until_ms is None or ms < until_ms)


def _sums(movement: Movement, part: Part | None) -> Sums:
    amount = movement.amount_minor if part is None else part.amount_minor
    is_sale = movement.tickets > 0
    return Sums(
        tickets_sold=int(is_sale and part is None),
        tickets_back=int(movement.tickets < 0 and part is None),
        sold_minor=amount if is_sale else 0,
        back_minor=0 if is_sale else -amount,
        vat_minor=movement.vat_minor if part is None else part.vat_minor,
        discount_minor=movement.discount_minor if part is None else 0,
    )


def _added(found: Sequence[Sums]) -> Sums:
    return Sums(*(sum(getattr(one, name) for one in found) for name in Sums.__dataclass_fields__))
