"""Figures in memory: sales as they were said, added up anew for each question."""

from __future__ import annotations

import bisect
import dataclasses
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from services.contracts.channels import Channel
from services.contracts.house_time import local_of
from services.reporting.ports.daily_figures import DailyRow
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


@dataclass(frozen=True, slots=True)
class Sale:
    """One ticket that was sold, or came back (tickets -1, amounts below nothing)."""

    performance_id: str
    at_ms: int
    base_minor: int = 2_000
    surcharge_minor: int = 200
    fee_minor: int = 150
    tickets: int = 1
    ticket_type: str = "normal"
    channel: Channel = Channel.ONLINE
    currency: str = "EUR"

    def back(self, at_ms: int) -> Sale:
        """The same ticket, come back."""
        amounts = (-self.base_minor, -self.surcharge_minor, -self.fee_minor)
        return Sale(self.performance_id, at_ms, *amounts, -1, self.ticket_type, self.channel, self.currency)

    @property
    def parts(self) -> Mapping[str, int]:
        return {"base": self.base_minor, "theatre_surcharge": self.surcharge_minor, "service_fee": self.fee_minor}


@dataclass
class MemoryFigures:
    """See Figures. `questions` counts what was asked of each house."""

    zones: dict[str, str] = field(default_factory=dict)
    programme: dict[str, PerformanceFigures] = field(default_factory=dict)
    sales: list[Sale] = field(default_factory=list)
    questions: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, house_id: str, performance_id: str, production_id: str = "", **more: object) -> None:
        known: dict[str, object] = {
            "title": performance_id,
            "hall_id": "hall",
            "starts_at_ms": 0,
            "currency": "EUR",
            "capacity": 100,
            "free": 100,
            "held": 0,
            "blocked": 0,
            "reserved": 0,
            "allotted": 0,
            "reported_sold": 0,
            "is_cancelled": False,
        }
        self.programme[performance_id] = PerformanceFigures(
            house_id=house_id,
            performance_id=performance_id,
            production_id=production_id or f"of_{performance_id}",
            **(known | more),  # type: ignore[arg-type]
        )

    def _seen(self, sight: Sight, narrowing: Narrowing) -> list[PerformanceFigures]:
        return [
            one
            for one in self.programme.values()
            if one.house_id == sight.house_id
            and (
                sight.whole_house
                or one.production_id in sight.production_ids
                or one.performance_id in sight.performance_ids
            )
            and (not narrowing.performance_ids or one.performance_id in narrowing.performance_ids)
        ]

    def _sales(self, sight: Sight, narrowing: Narrowing) -> list[Sale]:
        seen = {one.performance_id for one in self._seen(sight, narrowing)}
        from_ms, until_ms = narrowing.moved_from_ms, narrowing.moved_until_ms
        return [
            sale
            for sale in self.sales
            if sale.performance_id in seen
            and (from_ms is None or from_ms <= sale.at_ms)
            and (until_ms is None or sale.at_ms < until_ms)
        ]

    async def sums(self, sight: Sight, narrowing: Narrowing, by: Sequence[Dimension]) -> Sequence[SumRow]:
        self.questions[sight.house_id] += 1
        zone = await self.zone_of(sight.house_id)
        readers: dict[Dimension, Callable[[Sale], str]] = {
            Dimension.PERFORMANCE: lambda sale: sale.performance_id,
            Dimension.TICKET_TYPE: lambda sale: sale.ticket_type,
            Dimension.CHANNEL: lambda sale: sale.channel.value,
            Dimension.DAY: lambda sale: local_of(zone, sale.at_ms).date().isoformat(),
        }
        found: dict[tuple[tuple[str, ...], str], Sums] = {}
        for sale in self._sales(sight, narrowing):
            is_parted = Dimension.COMPONENT in by
            for component, amount in (sale.parts if is_parted else {"": sum(sale.parts.values())}).items():
                values = tuple(component if one is Dimension.COMPONENT else readers[one](sale) for one in by)
                key = (values, sale.currency)
                found[key] = _with(found.get(key, Sums()), 0 if is_parted else sale.tickets, amount)
        return [
            SumRow(values, currency, sums) for (values, currency), sums in sorted(found.items(), key=lambda i: i[0])
        ]

    async def daily(self, sight: Sight, narrowing: Narrowing, bounds_ms: Sequence[int]) -> Sequence[DailyRow]:
        self.questions[sight.house_id] += 1
        moved = dataclasses.replace(narrowing, moved_from_ms=bounds_ms[0], moved_until_ms=bounds_ms[-1])
        rows: dict[tuple[str, str], tuple[list[int], list[int], list[int], int]] = {}
        for sale in self._sales(sight, moved):
            days, tickets, minor, sold = rows.get((sale.performance_id, sale.currency), ([], [], [], 0))
            days.append(bisect.bisect_right(bounds_ms, sale.at_ms) - 1)
            tickets.append(sale.tickets)
            minor.append(sum(sale.parts.values()))
            rows[sale.performance_id, sale.currency] = days, tickets, minor, sold + max(sale.tickets, 0)
        return [
            DailyRow(performance_id, currency, days, tickets, minor, sold)
            for (performance_id, currency), (days, tickets, minor, sold) in rows.items()
        ]

    async def performances(self, sight: Sight, narrowing: Narrowing) -> Sequence[PerformanceFigures]:
        self.questions[sight.house_id] += 1
        found = []
        for one in self._seen(sight, narrowing):
            sums = Sums()
            for sale in self._sales(sight, narrowing):
                if sale.performance_id == one.performance_id:
                    sums = _with(sums, sale.tickets, sum(sale.parts.values()))
            found.append(dataclasses.replace(one, sums=sums))
        return sorted(found, key=lambda one: one.starts_at_ms)

    async def movements(self, sight: Sight, narrowing: Narrowing) -> AsyncIterator[Movement]:
        for _ in ():
            yield _

    async def funnel(self, sight: Sight, narrowing: Narrowing) -> Sequence[FunnelStepCount]:
        return []

    async def allotments(self, sight: Sight, narrowing: Narrowing) -> Sequence[AllotmentFigures]:
        return []

    async def zone_of(self, house_id: str) -> str:
        return self.zones.get(house_id, "UTC")

    async def mark_of(self, house_id: str) -> str:
        return str(sum(self.programme[sale.performance_id].house_id == house_id for sale in self.sales))


def _with(sums: Sums, tickets: int, amount_minor: int) -> Sums:
    is_back = amount_minor < 0
    return dataclasses.replace(
        sums,
        tickets_sold=sums.tickets_sold + max(tickets, 0),
        tickets_back=sums.tickets_back + max(-tickets, 0),
        sold_minor=sums.sold_minor + (0 if is_back else amount_minor),
        back_minor=sums.back_minor - (amount_minor if is_back else 0),
    )
