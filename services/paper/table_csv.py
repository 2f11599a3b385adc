"""A table as CSV for machines: RFC 4180 in UTF-8, one line of headings, one line a row, no totals.

Numbers and days are written the same in every language: a comma in a number would be another column to most programs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from services.contracts.money import decimal_text
from services.paper.formulas import neutralised
from services.paper.streaming_pdf import ByteSink
from services.paper.tables import Amount, Cell, CellKind, Row, Share, TableColumn, TableDocument

_LINES_AT_ONCE: Final = 1_000


def write_csv(sink: ByteSink, document: TableDocument) -> None:
    """Writes all blocks as one table. Money takes two columns: a plain number and its currency."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    first = (document.blocks_heading,) if document.blocks_heading else ()
    writer.writerow([neutralised(text) for text in (*first, *_headings(document.columns, document.currency_word))])
    for block in document.blocks:
        name = (neutralised(block.name),) if document.blocks_heading else ()
        for count, row in enumerate(block.rows(), 1):
            writer.writerow([*name, *_cells(document.columns, row)])
            if not count % _LINES_AT_ONCE:
                _pass_on(buffer, sink)
    _pass_on(buffer, sink)


def _pass_on(buffer: io.StringIO, sink: ByteSink) -> None:
    buffer.seek(0)
    sink.write(buffer.read().encode())
    buffer.seek(0)
    buffer.truncate()


def _headings(columns: Sequence[TableColumn], currency: str) -> Iterator[str]:
    for column in columns:
        yield column.heading
        if column.kind is CellKind.MONEY:
            yield f"{column.heading} ({currency})"


def _cells(columns: Sequence[TableColumn], row: Row) -> Iterator[str]:
    for column, cell in zip(columns, row, strict=True):
        yield _text(cell)
        if column.kind is CellKind.MONEY:
            yield cell.currency if isinstance(cell, Amount) else ""


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Amount(amount_minor, currency):
            return decimal_text(amount_minor, currency).replace(",", "")
        case Share():
            return "" if cell.ratio is None else f"{cell.ratio:.4f}"
        case str():
            return neutralised(cell)
        case int():
            return str(cell)
        case _:
            return cell.isoformat()
