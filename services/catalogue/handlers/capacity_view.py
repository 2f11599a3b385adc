"""Shows what comes out of a production's quotas, per day and performance (R4.11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.catalogue.domain.performance import Performance
from services.catalogue.domain.performance_filter import PerformanceFilter
from services.catalogue.domain.quotas import Outcome, outcomes
from services.catalogue.ports.store import CatalogueStore
from services.contracts.house_time import calendar_day, day_begins_ms, local_of
from services.contracts.pages import asked_page, fitting, token_after
from services.runtime.errors import UNSET, FieldInvalid, Refusal
from services.runtime.ids import refused_key

MAX_DAYS: Final = 731


@dataclass(frozen=True, slots=True)
class ShownCapacity:
    """One performance, its day in house time, and what comes out of each of its quotas."""

    performance: Performance
    local_date: str
    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True)
class CapacityPage:
    """By start; `next_page_token` is empty on the last page."""

    shown: Sequence[ShownCapacity]
    next_page_token: str


class CapacityViewHandler:
    """Reads only."""

    def __init__(self, store: CatalogueStore) -> None:
        self._store = store

    async def page(
        self, house_id: str, production_id: str, dates: tuple[str, str], page_size: int, page_token: str
    ) -> CapacityPage | Refusal:
        """From the first to the last of `dates`. Refusals: FieldInvalid. A house that is unknown has none."""
        first, last = map(calendar_day, dates)
        checks = (
            refused_key("house_id", house_id),
            refused_key("production_id", production_id),
            *_faults_of_dates(dates, first, last),
        )
        asked = asked_page(page_size, page_token, house_id, *checks)
        if isinstance(asked, FieldInvalid):
            return asked
        assert first is not None, "looked at before"
        assert last is not None, "looked at before"
        async with self._store.transaction(house_id) as transaction:
            house = await transaction.house(house_id)
            if house is None:
                return CapacityPage((), "")
            wanted = PerformanceFilter(
                starts_from_ms=day_begins_ms(house.time_zone, first),
                starts_until_ms=day_begins_ms(house.time_zone, last + timedelta(days=1)),
                production_id=production_id,
            )
            found = await transaction.performances.performances(house_id, wanted, asked.after, asked.size + 1)
        shown = [_shown(one, house.time_zone) for one in found]
        page = shown[: min(asked.size, fitting(1 + sum(map(_parts, one.outcomes)) for one in shown))]
        if len(page) == len(found):
            return CapacityPage(page, "")
        end = page[-1].performance
        return CapacityPage(page, token_after(house_id, end.performance_id, end.starts_at_ms))


def _shown(performance: Performance, zone: str) -> ShownCapacity:
    day = local_of(zone, performance.starts_at_ms).date().isoformat()
    return ShownCapacity(performance, day, outcomes(performance))


def _parts(outcome: Outcome) -> int:
    return 1 + len(outcome.passed_over) // 10


def _faults_of_dates(dates: tuple[str, str], first: date | None, last: date | None) -> Sequence[FieldInvalid]:
    faults = [
        FieldInvalid(name, f"is {text[:20]!r}" if text else UNSET, "a date such as 2026-10-25, from 2000 to 2099")
        for name, text, found in zip(("first_date", "last_date"), dates, (first, last), strict=True)
        if found is None
    ]
    if first is not None and last is not None and not timedelta(0) <= last - first <= timedelta(MAX_DAYS):
        limit = f"from the first date on, at most {MAX_DAYS} days after it"
        faults.append(FieldInvalid("last_date", f"is {dates[1]}", limit))
    return faults
