"""Settlements as files: PDF in the house's style, Excel, CSV. A page or three: drawn in a thread, beside the loop."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from typing import Final, assert_never

from services.paper.house_style import HouseStyle
from services.paper.table_csv import write_csv
from services.paper.table_excel import write_excel
from services.reporting.domain.report_kinds import FileFormat
from services.reporting.domain.settlement_document import SignedSettlement
from services.reporting.handlers.settlements import Preview
from services.reporting.paper.settlement_pdf import SettlementPaper, write_settlement
from services.reporting.paper.settlement_table import settlement_table
from services.reporting.paper.settlement_words import SettlementWords, W
from services.reporting.ports.house_styles import HouseStyles
from services.runtime.clock import Clock

_TYPES: Final = {
    FileFormat.PDF: ("pdf", "application/pdf"),
    FileFormat.EXCEL: ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    FileFormat.CSV: ("csv", "text/csv"),
}


@dataclass(frozen=True, slots=True)
class SettlementFile:
    """A file that has been made."""

    name: str
    content_type: str
    content: bytes


class SettlementPapers:
    """A final one says the same whenever it is drawn; only the house's style is that of the day."""

    def __init__(self, styles: HouseStyles, clock: Clock) -> None:
        self._styles = styles
        self._clock = clock

    async def final(self, signed: SignedSettlement, form: FileFormat, language: str) -> SettlementFile:
        """Of what was signed."""
        paper = SettlementPaper(signed.document, self._clock.now_ms(), (), signed.sha256, signed.key_id)
        return await self._made(paper, form, language)

    async def provisional(self, preview: Preview, form: FileFormat, language: str) -> SettlementFile:
        """As of now."""
        paper = SettlementPaper(preview.document, self._clock.now_ms(), preview.obstacles)
        return await self._made(paper, form, language)

    async def _made(self, paper: SettlementPaper, form: FileFormat, language: str) -> SettlementFile:
        head = paper.document.head
        style = await self._styles.style(head.house_id, language)
        content = await asyncio.to_thread(_written, style, paper, form)
        ending, content_type = _TYPES[form]
        # Numbers and ids have no character that a file's name must not have.
        name = f"{SettlementWords(language)(W.FILE)}-{paper.document.number or head.performance_id}.{ending}"
        return SettlementFile(name, content_type, content)


def _written(style: HouseStyle, paper: SettlementPaper, form: FileFormat) -> bytes:
    sink = io.BytesIO()
    match form:
        case FileFormat.PDF:
            write_settlement(sink, style, paper)
        case FileFormat.EXCEL:
            write_excel(sink, style, settlement_table(style.language, paper))
        case FileFormat.CSV:
            write_csv(sink, settlement_table(style.language, paper))
        case _:
            assert_never(form)
    return sink.getvalue()
