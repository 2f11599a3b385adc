"""Makes a report out of the figures of one house or of several, each asked for by itself (R3.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.reporting.domain.periods import span_of
from services.reporting.domain.report import Report, ReportHouse, Told
from services.reporting.domain.report_kinds import ReportKind
from services.reporting.handlers.reports.asked import HouseQuestion
from services.reporting.handlers.reports.registry import TELLERS, ReportTeller
from services.reporting.ports.figures import Figures, Narrowing
from services.reporting.ports.grants import GrantedHouse
from services.reporting.ports.names import Names
from services.reporting.ports.report_files import ReportQuestion
from services.runtime.clock import Clock


class ReportMaker:
    """Holds nothing of an answer: each report is as of the moment at which it is asked for."""

    def __init__(
        self,
        figures: Figures,
        names: Names,
        clock: Clock,
        tellers: Mapping[ReportKind, ReportTeller] = TELLERS,
    ) -> None:
        self._figures = figures
        self._names = names
        self._clock = clock
        self._tellers = tellers

    async def report(self, question: ReportQuestion, houses: Sequence[GrantedHouse], *, for_promoter: bool) -> Report:
        """Told house by house, in the order of `houses`. Its rows may still come: they are read once."""
        teller = self._tellers[question.kind]
        columns = teller.columns(question.interval, for_promoter=for_promoter)
        told: list[tuple[ReportHouse, Told]] = []
        for house in houses:
            asked = await self._asked(question, house, for_promoter=for_promoter)
            told.append((ReportHouse(house.house_id, house.name), await teller.told(asked)))
        return Report(question.kind, teller.title, columns, told)

    async def _asked(self, question: ReportQuestion, house: GrantedHouse, *, for_promoter: bool) -> HouseQuestion:
        zone = await self._figures.zone_of(house.house_id)
        now_ms = self._clock.now_ms() if question.as_of_ms is None else question.as_of_ms
        return HouseQuestion(
            figures=self._figures,
            names=self._names,
            sight=house.sight,
            narrowing=narrowing_of(question, zone, now_ms),
            zone=zone,
            now_ms=now_ms,
            interval=question.interval,
            for_promoter=for_promoter,
        )


def narrowing_of(question: ReportQuestion, zone: str, now_ms: int) -> Narrowing:
    """With the periods as times, by the house's own calendar."""
    narrowing = question.narrowing
    if question.moved_in is not None:
        from_ms, until_ms = span_of(question.moved_in, zone, now_ms)
        narrowing = replace(narrowing, moved_from_ms=from_ms, moved_until_ms=until_ms)
    if question.starts_in is not None:
        from_ms, until_ms = span_of(question.starts_in, zone, now_ms)
        narrowing = replace(narrowing, starts_from_ms=from_ms, starts_until_ms=until_ms)
    return narrowing
