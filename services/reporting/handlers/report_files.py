"""Reports as files: made of figures, spoken, written down row by row, and written as a file by a process of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from services.contracts.house_time import local_of
from services.paper.house_style import HouseStyle
from services.paper.process import PaperProcess
from services.paper.table_process import COMMAND
from services.paper.table_spool import spool
from services.reporting.domain.refusals import ReportTooLong
from services.reporting.domain.report_kinds import FileFormat
from services.reporting.handlers.report_making import ReportMaker, narrowing_of
from services.reporting.paper.speech import Speech, document_of
from services.reporting.ports.figures import Figures
from services.reporting.ports.grants import GrantedHouse
from services.reporting.ports.house_styles import HouseStyles
from services.reporting.ports.report_files import ReportFile, ReportQuestion
from services.runtime.clock import Clock
from services.runtime.errors import Refusal

# Rows: what somebody would print, what Excel has, and what a machine takes.
MOST_ROWS: Final = {FileFormat.PDF: 20_000, FileFormat.EXCEL: 1_000_000, FileFormat.CSV: 10_000_000}
_ENDINGS: Final = {FileFormat.PDF: "pdf", FileFormat.EXCEL: "xlsx", FileFormat.CSV: "csv"}
_CONTENT_TYPES: Final = {
    FileFormat.PDF: "application/pdf",
    FileFormat.EXCEL: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.CSV: "text/csv; charset=utf-8",
}
_NOBODY: Final = "Balcon"


class ReportFileMaker:
    """See ports.ReportFiles."""

    def __init__(
        self,
        maker: ReportMaker,
        figures: Figures,
        styles: HouseStyles,
        clock: Clock,
        process: PaperProcess | None = None,
    ) -> None:
        self._maker = maker
        self._figures = figures
        self._styles = styles
        self._clock = clock
        self._process = process or PaperProcess(COMMAND)

    @asynccontextmanager
    async def made(
        self, question: ReportQuestion, houses: Sequence[GrantedHouse], form: FileFormat, *, for_promoter: bool
    ) -> AsyncIterator[ReportFile | Refusal]:
        """See ReportFiles.made."""
        report = await self._maker.report(question, houses, for_promoter=for_promoter)
        zone = await self._figures.zone_of(houses[0].house_id) if houses else "UTC"
        now_ms = self._clock.now_ms()
        document, blocks = document_of(
            report,
            Speech(question.language),
            narrowing=narrowing_of(question, zone, now_ms if question.as_of_ms is None else question.as_of_ms),
            zone=zone,
            made_ms=now_ms,
            tells_houses=for_promoter,
        )
        style = await self._style(houses, question.language)
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as file:
            if not await spool(source, form.value, style, document, blocks, MOST_ROWS[form]):
                yield ReportTooLong(form.value.lower(), MOST_ROWS[form])
                return
            source.seek(0)
            await self._process.draw(source, file)
            size_bytes = os.fstat(file.fileno()).st_size
            day = local_of(zone, now_ms).date().isoformat()
            name = f"{report.title.value.replace('_', '-')}-{day}.{_ENDINGS[form]}"
            yield ReportFile(name, _CONTENT_TYPES[form], size_bytes, file)

    async def _style(self, houses: Sequence[GrantedHouse], language: str) -> HouseStyle:
        """The house's own; where several are told, nobody's."""
        if len(houses) == 1:
            return await self._styles.style(houses[0].house_id, language)
        return HouseStyle(_NOBODY, language, "UTC", "EUR")
