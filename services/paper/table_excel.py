"""A table as an Excel workbook: typed cells, totals, a frozen heading, filters. Nothing in it is ever a formula.

Rows go to the file as they come, so that a hundred thousand take no more memory than ten.
"""

from __future__ import annotations

import re
import tempfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from services.contracts.money import minor_digits
from services.paper.house_style import HouseStyle
from services.paper.localised import currency_sign, money_pattern
from services.paper.streaming_pdf import ByteSink
from services.paper.tables import Amount, Cell, CellKind, Row, Share, TableColumn, TableDocument

# Excel's own bounds: rows of a sheet, characters of a cell and of a sheet's name.
MAX_ROWS: Final = 1_048_576
_MAX_CELL_CHARS: Final = 32_767
_MAX_NAME_CHARS: Final = 31
_NOT_IN_NAMES: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
# Characters, as Excel measures widths.
_WIDTHS: Final = {
    CellKind.TEXT: 24.0, CellKind.NUMBER: 11.0, CellKind.MONEY: 16.0, CellKind.PERCENT: 11.0, CellKind.DAY: 12.0,
    CellKind.MONTH: 16.0, CellKind.MOMENT: 18.0,
}  # fmt: skip
_WIDEST: Final = 60.0
# What a workbook that is read at another machine may be dated with: the same bytes for the same figures.
_DATED: Final = datetime(2000, 1, 1)  # noqa: DTZ001 (a property of the file, shown to nobody)
_DATES: Final = {
    "en": ("dd/mm/yyyy", "mmmm yyyy"), "nl": ("dd-mm-yyyy", "mmmm yyyy"),
    "de": ("dd.mm.yyyy", "mmmm yyyy"), "nb": ("dd.mm.yyyy", "mmmm yyyy"),
}  # fmt: skip
_OPTIONS: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
    "use_zip64": True,
}


def write_excel(sink: ByteSink, style: HouseStyle, document: TableDocument) -> None:
    """Writes one sheet of all blocks' rows, their totals below, and a second sheet of what it is about."""
    with tempfile.TemporaryDirectory() as folder:
        book = xlsxwriter.Workbook(sink, _OPTIONS | {"tmpdir": folder})
        book.set_properties({"title": document.title, "author": style.house_name, "created": _DATED})
        formats = _Formats(book, style)
        _Sheet(book.add_worksheet(sheet_name(document.title)), document, formats).write()
        _write_facts(book.add_worksheet(sheet_name(document.about, document.title)), document, formats)
        book.close()


def sheet_name(text: str, taken: str = "") -> str:
    """As Excel takes it: at most 31 characters, some never, and no two the same whatever their case."""
    name = _NOT_IN_NAMES.sub(" ", text).strip().strip("'").strip()[:_MAX_NAME_CHARS].rstrip("'").strip() or "Balcon"
    # A name that Excel keeps for itself.
    if name.casefold() in {"history", sheet_name(taken).casefold() if taken else ""}:
        return f"{name[: _MAX_NAME_CHARS - 2]} 2"
    return name


class _Formats:
    """One format for each way that a cell can look."""

    def __init__(self, book: Any, style: HouseStyle) -> None:
        self._book = book
        self._language = style.language
        self._made: dict[tuple[CellKind, str, bool], Format] = {}
        self.heading: Format = book.add_format(
            {"bold": True, "font_color": "#FFFFFF", "bg_color": style.primary_color, "valign": "top", "text_wrap": True}
        )
        self.bold: Format = book.add_format({"bold": True})

    def of(self, kind: CellKind, cell: Cell, *, total: bool) -> Format:
        currency = cell.currency if isinstance(cell, Amount) else ""
        made = self._made.get((kind, currency, total))
        if made is None:
            how: dict[str, Any] = {"num_format": self._number_format(kind, currency)}
            if total:
                how |= {"bold": True, "top": 1}
            made = self._made[kind, currency, total] = self._book.add_format(how)
        return made

    def _number_format(self, kind: CellKind, currency: str) -> str:
        day, month = _DATES[self._language]
        match kind:
            case CellKind.MONEY if currency:
                pattern = money_pattern(self._language, minor_digits(currency) or 0)
                return pattern.replace("¤", f"[${currency_sign(currency, self._language)}]")
            case CellKind.NUMBER:
                return "#,##0"
            case CellKind.PERCENT:
                return "0.0%"
            case CellKind.DAY:
                return day
            case CellKind.MONTH:
                return month
            case CellKind.MOMENT:
                return f"{day} hh:mm"
            case _:
                return "General"


class _Sheet:
    """The rows. What is written must go from above to below."""

    def __init__(self, sheet: Worksheet, document: TableDocument, formats: _Formats) -> None:
        self._sheet = sheet
        self._document = document
        self._formats = formats
        self._first = 1 if document.blocks_heading else 0
        self._row = 0

    def write(self) -> None:
        """Heading, rows of all blocks, totals of all blocks."""
        sheet, document = self._sheet, self._document
        columns = [TableColumn(document.blocks_heading)] * self._first + list(document.columns)
        for index, column in enumerate(columns):
            sheet.set_column(index, index, min(_WIDEST, max(_WIDTHS[column.kind], len(column.heading) * 0.75 + 3)))
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        for index, column in enumerate(columns):
            sheet.write_string(0, index, column.heading, self._formats.heading)
        for block in document.blocks:
            for row in block.rows():
                self._write_row(block.name, row, total=False)
        sheet.autofilter(0, 0, max(1, self._row), len(columns) - 1)
        if not self._row:
            self._row += 1
            sheet.write_string(self._row, 0, document.nothing)
        for block in document.blocks:
            for total in block.totals:
                self._write_row(block.name, total.cells, total=True)
                how = self._formats.of(CellKind.TEXT, total.label, total=True)
                self._write_text(self._first, total.label, how)

    def _write_row(self, name: str, row: Row, *, total: bool) -> None:
        self._row += 1
        if self._first:
            self._write_text(0, name, self._formats.of(CellKind.TEXT, name, total=total))
        for index, (column, cell) in enumerate(zip(self._document.columns, row, strict=True), self._first):
            if (cell is None or cell == "") and not total:
                continue
            how = self._formats.of(column.kind, cell, total=total)
            self._write_cell(index, cell, how)

    def _write_cell(self, index: int, cell: Cell, how: Format) -> None:
        sheet, row = self._sheet, self._row
        match cell:
            case None:
                sheet.write_blank(row, index, None, how)
            case str():
                self._write_text(index, cell, how)
            case int():
                sheet.write_number(row, index, cell, how)
            case Amount(amount_minor, currency):
                sheet.write_number(row, index, _units(amount_minor, currency), how)
            case Share():
                if cell.ratio is not None:
                    sheet.write_number(row, index, cell.ratio, how)
            case datetime():
                sheet.write_datetime(row, index, cell.replace(tzinfo=None), how)
            case date():
                sheet.write_datetime(row, index, cell, how)

    def _write_text(self, index: int, text: str, how: Format) -> None:
        self._sheet.write_string(self._row, index, text[:_MAX_CELL_CHARS], how)


def _units(amount_minor: int, currency: str) -> float:
    """What a spreadsheet counts in: doubles. They tell each amount of up to 15 digits apart."""
    return float(Decimal(amount_minor).scaleb(-(minor_digits(currency) or 0)))


def _write_facts(sheet: Worksheet, document: TableDocument, formats: _Formats) -> None:
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 70)
    sheet.write_string(0, 0, document.title, formats.bold)
    sheet.write_string(0, 1, document.subtitle)
    for row, (label, value) in enumerate(document.facts, 2):
        sheet.write_string(row, 0, label, formats.bold)
        sheet.write_string(row, 1, value)
