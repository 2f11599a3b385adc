"""A table as a PDF in the house's style: facts, charts, and rows over as many pages as it takes, with their totals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import partial
from typing import Final

from services.paper.charts import chart_height, draw_chart
from services.paper.flow import LANDSCAPE, PORTRAIT, Column, Flow, Page, write_document
from services.paper.house_style import HouseStyle
from services.paper.localised import date_text, moment_text, money_text, month_text, number_text, percent_text
from services.paper.streaming_pdf import ByteSink
from services.paper.surface import Ink
from services.paper.tables import Amount, Cell, CellKind, Row, Share, TableBlock, TableColumn, TableDocument
from services.paper.typeface import printable, text_width

_RIGHT: Final = frozenset({CellKind.NUMBER, CellKind.MONEY, CellKind.PERCENT})
# Rows whose texts tell how wide the columns must be.
_LOOKED_AT: Final = 300
_CELL_PT: Final = 8.5
_HEAD_PT: Final = 7.5
_SMALLEST_PT: Final = 5.0
# Points: what a column needs besides its text, what text is allowed at most and given at least.
_PAD: Final = 11.0
_WIDEST: Final = 190.0
_NARROWEST: Final = 26.0
# Points between the margins of an upright page.
_UPRIGHT: Final = PORTRAIT.inner * 72 / 25.4


def write_pdf(sink: ByteSink, style: HouseStyle, document: TableDocument) -> None:
    """Writes it upright, or lying where the columns are wider than that."""
    widths = _widths(document, style.language)
    wanted = sum(widths)
    form: Page = PORTRAIT if wanted <= _UPRIGHT else LANDSCAPE
    room = form.inner * 72 / 25.4
    # All of it smaller, where there are more columns than a lying page has room for.
    size = _CELL_PT if wanted <= room else max(_SMALLEST_PT, int(_CELL_PT * room / wanted * 4) / 4)
    columns = [
        Column(column.heading, width, 1.0 if column.kind in _RIGHT else 0.0, figures=column.kind is not CellKind.TEXT)
        for column, width in zip(document.columns, widths, strict=True)
    ]
    writer = _Writer(style, document, columns, size)
    write_document(sink, style, document.title, document.subtitle, writer.compose, form)


def cell_text(cell: Cell, kind: CellKind, language: str) -> str:
    """As people read it."""
    match cell:
        case None:
            return ""
        case str():
            return cell
        case Amount(amount_minor, currency):
            return money_text(amount_minor, currency, language)
        case Share():
            return "" if cell.ratio is None else percent_text(cell.ratio, language)
        case int():
            return number_text(cell, language)
        case datetime():
            return moment_text(cell, language)
        case date():
            return month_text(cell, language) if kind is CellKind.MONTH else date_text(cell, language)


class _Writer:
    """Puts a document into a flow; twice, since its pages are counted first."""

    def __init__(self, style: HouseStyle, document: TableDocument, columns: Sequence[Column], size: float) -> None:
        self._style = style
        self._document = document
        self._columns = columns
        self._size = size

    def compose(self, flow: Flow) -> None:
        document = self._document
        flow.title()
        flow.facts(document.facts)
        if not document.blocks:
            flow.paragraph(document.nothing, ink=Ink.MUTED)
        for block in document.blocks:
            self._block(flow, block)

    def _block(self, flow: Flow, block: TableBlock) -> None:
        document, language = self._document, self._style.language
        if document.blocks_heading:
            flow.heading(block.name)
        rows = iter(block.rows())
        first = next(rows, None)
        if first is None:
            flow.paragraph(document.nothing, ink=Ink.MUTED)
            return
        for chart in block.charts:
            if chart.labels:
                flow.figure(chart_height(chart), partial(draw_chart, chart=chart, language=language))
        totals = [[total.label, *self._texts(total.cells)[1:]] for total in block.totals]
        texts = (self._texts(row) for row in itertools.chain((first,), rows))
        flow.table(self._columns, texts, totals=totals, size=self._size)

    def _texts(self, row: Row) -> list[str]:
        language = self._style.language
        return [
            cell_text(cell, column.kind, language) for column, cell in zip(self._document.columns, row, strict=True)
        ]


def _widths(document: TableDocument, language: str) -> list[float]:
    """What each column would like to have, by its heading and the first rows."""
    return [_width(document, index, column, language) for index, column in enumerate(document.columns)]


def _width(document: TableDocument, index: int, column: TableColumn, language: str) -> float:
    texts = [cell_text(row[index], column.kind, language) for row in _first_rows(document)]
    if not index:
        texts += [total.label for block in document.blocks for total in block.totals]
    widest = max((text_width(printable(text), _CELL_PT, bold=True) for text in texts), default=0.0)
    # A heading may take two lines, but no word of it is broken.
    words = max(text_width(printable(word), _HEAD_PT, bold=True) for word in column.heading.split() or [""])
    heading = text_width(printable(column.heading), _HEAD_PT, bold=True)
    return min(_WIDEST, max(widest, words, heading * 0.55, _NARROWEST)) + _PAD


def _first_rows(document: TableDocument) -> Iterator[Row]:
    for block in document.blocks:
        yield from itertools.islice(block.rows(), _LOOKED_AT)
        yield from (total.cells for total in block.totals)
