"""Which report is told by what: the one list of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from services.reporting.domain.report import ReportColumn, Told
from services.reporting.domain.report_kinds import Interval, ReportKind
from services.reporting.domain.report_words import Word
from services.reporting.handlers.reports import breakdowns, over_time
from services.reporting.handlers.reports.asked import HouseQuestion
from services.reporting.handlers.reports.house_lists import Contingents, FreeTickets, Funnel, Offices, Seats
from services.reporting.handlers.reports.movements import Movements
from services.reporting.handlers.reports.pace import Pace
from services.reporting.handlers.reports.performances import ByPerformance, Occupancy, Refunds


class ReportTeller(Protocol):
    """One report."""

    @property
    def title(self) -> Word:
        """Its name."""
        ...

    def columns(self, interval: Interval, *, for_promoter: bool) -> tuple[ReportColumn, ...]:
        """What its rows have, the same for each house."""
        ...

    async def told(self, asked: HouseQuestion) -> Told:
        """One house's rows, totals and charts."""
        ...


TELLERS: Final[Mapping[ReportKind, ReportTeller]] = {
    ReportKind.SALES_OVER_TIME: over_time.SALES_OVER_TIME,
    ReportKind.BY_INTERVAL: over_time.BY_INTERVAL,
    ReportKind.BY_VENUE: breakdowns.BY_VENUE,
    ReportKind.BY_PERFORMANCE: ByPerformance(),
    ReportKind.BY_CATEGORY: breakdowns.BY_CATEGORY,
    ReportKind.BY_TICKET_KIND: breakdowns.BY_TICKET_KIND,
    ReportKind.BY_CHANNEL: breakdowns.BY_CHANNEL,
    ReportKind.BY_COMPONENT: breakdowns.BY_COMPONENT,
    ReportKind.VAT: breakdowns.VAT,
    ReportKind.PACE: Pace(),
    ReportKind.OCCUPANCY: Occupancy(),
    ReportKind.SEATS: Seats(),
    ReportKind.REFUNDS: Refunds(),
    ReportKind.CONTINGENTS: Contingents(),
    ReportKind.OFFICES: Offices(),
    ReportKind.SELLERS: breakdowns.SELLERS,
    ReportKind.FREE_TICKETS: FreeTickets(),
    ReportKind.FUNNEL: Funnel(),
    ReportKind.MOVEMENTS: Movements(),
}
