"""The contingents of a world: offices with seats, blocks, quotas whose terms change; what must be true at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from random import Random  # noqa: TID251 (the type only; services.runtime.ids makes them)
from typing import Any

import msgspec

from services.contracts.quotas import HOUR_MS, QuotaPercentages
from services.inventory.adapters.memory_stores import MemoryPerformances
from services.inventory.domain.recorded import PerformanceRecord
from services.inventory.domain.records import QuotaTerms
from services.inventory.ports import Performance
from services.runtime.clock import Clock
from services.runtime.ids import seeded_random
from tests.simulation.stage.ceilings import Ceiling
from tests.simulation.stage.cluster_client import ClusterClient
from tests.simulation.stage.history import History
from tests.simulation.stage.house_desk import HouseDesk

PERCENTS = (25, 45, 67, 100)
PRESALE_HOURS = 2
NEVER_MS = 10**15
LAST_DUE_SECONDS = 40.0


def has_offices(seed: int) -> bool:
    """A third of the worlds: the others are as they would be without contingents."""
    return seed % 3 == 1


class Contingents:
    """Of one world. Their chances are their own."""

    def __init__(
        self,
        seed: int,
        performances: Sequence[Performance],
        catalogue: MemoryPerformances,
        history: History,
        clock: Clock,
        met: Counter[str],
    ) -> None:
        self._performances = performances
        self._catalogue = catalogue
        self._history = history
        self._clock = clock
        self._met = met
        self._random: Random = seeded_random(1_000_000 + seed)
        self._has_offices = has_offices(seed)
        self._has_quotas = self._has_offices and self._random.random() < 0.6

    def begin(self) -> None:
        """The first terms."""
        if self._has_quotas:
            for performance in self._performances:
                self._puts_terms(performance, 1)

    def work(self, client: Callable[[str], ClusterClient], seconds: float) -> Iterator[Coroutine[Any, Any, None]]:
        """All that the house's people do."""
        if not self._has_offices:
            return
        for performance in self._performances:
            name, capacity = performance.performance_id, len(performance.plan.seat_ids)
            desk = HouseDesk(name, capacity, client("desk"), self._history, self._clock, self._random, self._met)
            yield desk.works(seconds)
            if self._has_quotas and self._random.random() < 0.5:
                yield self._changes_terms(performance)

    async def _changes_terms(self, performance: Performance) -> None:
        for version in (2, 3):
            await self._clock.sleep(self._random.uniform(8.0, 25.0))
            self._puts_terms(performance, version)
            self._met["terms_changed"] += 1

    def _puts_terms(self, performance: Performance, version: int) -> None:
        now_ms, chance = self._clock.now_ms(), self._random
        opens = chance.choice([0, now_ms + chance.randrange(5_000, 40_000), NEVER_MS])
        ceiling = Ceiling(version, chance.choice([10, 10, 7]), chance.choice(PERCENTS), chance.choice(PERCENTS), opens)
        terms = QuotaTerms(
            quota_id="quo_1",
            name="All",
            size=ceiling.size,
            categories=(),
            zones=(),
            anchor_ms=opens + PRESALE_HOURS * HOUR_MS,
            presale_hours=PRESALE_HOURS,
            percentages=QuotaPercentages(online_presale=ceiling.presale_percent, online_day=ceiling.day_percent),
        )
        rules = msgspec.structs.replace(performance.rules, quotas=(terms,), terms_version=version)
        self._history.ceilings.put(performance.performance_id, ceiling)
        self._catalogue.put(replace(performance, rules=rules))

    async def days_are_over(self) -> None:
        """Until the last due time has come, and the looks at the record after it."""
        if self._has_offices:
            await self._clock.sleep(LAST_DUE_SECONDS)

    def differs(self, performance_id: str, record: PerformanceRecord) -> Iterator[str]:
        """INV-5 in the record, and what offices have against what was told (R1.1, R1.4)."""
        hands = Counter(seat for claim in record.claims for seat in claim.seats)
        hands.update(seat for each in record.allotments for seat in each.seats)
        standing = {seat for each in record.reservations if each.stands for seat in each.seats}
        hands.update(standing)
        promised = self._history.promised(performance_id)
        if not promised <= standing:
            yield f"{performance_id}: {promised} were promised, but the record has {standing}"
        claimed = {seat for claim in record.claims if not claim.sold for seat in claim.seats}
        hands.update(set(record.blocked) - (set(record.softly_blocked) & (claimed | standing)))
        several = [seat for seat, count in hands.items() if count > 1]
        if several:
            yield f"{performance_id}: seats {sorted(several)} are in several hands of the record"
        for each in record.allotments:
            is_open, is_sold = self._history.house.dealt(performance_id, each.allotment_id)
            if each.return_due_at_ms and not (self._history.clock_was_set and each.open):
                is_open = set()
                self._met["returned_when_due"] += not each.closed_at_ms
            if (set(each.open), set(each.sold)) != (is_open, is_sold):
                yield f"{performance_id}: the record has {each}, but {is_open}, {is_sold} was told"
            if each.handed_out != len(each.open) + len(each.sold) + each.returned:
                yield f"{performance_id}: {each} does not add up"
            self._met["allotment_ended_sold" if each.sold else "allotment_ended"] += 1

    def miscounted(self, performance_id: str, record: PerformanceRecord, used: Sequence[int] | None) -> Iterator[str]:
        """R4.5: nothing is held any more, so what is used is what orders have."""
        taken = sum(len(claim.seats) for claim in record.claims)
        taken += sum(len(each.seats) for each in record.reservations if each.stands)
        yield from self._history.ceilings.rightly_counted(performance_id, used or (), taken)
