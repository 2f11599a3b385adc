"""Tables to write: sales of a few days, with whatever somebody typed as the name of a category."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta

from services.paper.house_style import HouseStyle
from services.paper.table_process import make
from services.paper.table_spool import SpooledBlock, spool
from services.paper.tables import (
    Amount,
    AxisKind,
    CellKind,
    Chart,
    ChartKind,
    Row,
    Series,
    Share,
    TableColumn,
    TableDocument,
    Total,
)

COLUMNS = (
    TableColumn("Day", CellKind.DAY),
    TableColumn("At", CellKind.MOMENT),
    TableColumn("Category"),
    TableColumn("Tickets", CellKind.NUMBER),
    TableColumn("Revenue", CellKind.MONEY),
    TableColumn("Occupancy", CellKind.PERCENT),
)
FIRST_DAY = date(2026, 10, 1)


def sales(names: Sequence[str], currency: str = "EUR") -> list[Row]:
    """A row for each name: so many tickets, the last of them came back."""
    return [
        (
            FIRST_DAY + timedelta(days=number),
            datetime(2026, 10, 25, 2, 30),  # noqa: DTZ001 (the clock on the wall)
            name,
            number - 1,
            Amount(123_456 * (number - 1), currency),
            Share(number, 8),
        )
        for number, name in enumerate(names)
    ]


def total(rows: Sequence[Row], currency: str = "EUR") -> Total:
    """What the rows come to."""
    amount = sum(cell.amount_minor for row in rows for cell in row if isinstance(cell, Amount))
    return Total("Total", (None, None, None, sum(int(str(row[3])) for row in rows), Amount(amount, currency), None))


def charts(count: int, currency: str = "EUR") -> list[Chart]:
    """A chart of each kind with so many values, one below zero among them."""
    values = tuple(12_345 * ((number * 7) % 11 - 1) for number in range(count))
    labels = tuple(f"{number} Oct" for number in range(count))
    return [
        Chart(
            ChartKind.LINE, "Revenue", labels, (Series("Now", values), Series("Before", values[::-1])),
            AxisKind.MONEY, currency,
        ),
        Chart(ChartKind.COLUMNS, "Tickets", labels, (Series("Tickets", values),)),
        Chart(ChartKind.BARS, "By category", labels[:9], (Series("Revenue", values[:9]),), AxisKind.MONEY, currency),
    ]  # fmt: skip


def written(
    form: str,
    blocks: Sequence[tuple[str, Sequence[Row], Sequence[Total], Sequence[Chart]]],
    *,
    style: HouseStyle,
    columns: Sequence[TableColumn] = COLUMNS,
    blocks_heading: str = "",
    title: str = "Sales",
) -> bytes:
    """The file, through what the process that makes it reads."""
    document = TableDocument(
        title, "October 2026", [("House", style.house_name)], columns, (), blocks_heading, "Nothing was sold.",
        "About", "currency",
    )  # fmt: skip

    async def each(rows: Sequence[Row]) -> AsyncIterator[Row]:
        for row in rows:
            yield row

    with tempfile.TemporaryFile() as file:
        told = [SpooledBlock(name, each(rows), totals, drawn) for name, rows, totals, drawn in blocks]
        assert asyncio.run(spool(file, form, style, document, told, 10_000))
        made = io.BytesIO()
        make(file, made)
    return made.getvalue()
