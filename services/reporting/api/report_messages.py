"""Reports as protobuf messages: typed cells, at most so many rows. No figures are made here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from typing import Final

from balcon.reporting.v1 import reports_service_pb2 as pb

from services.contracts.wire_types import wire_money
from services.paper.tables import Amount, AxisKind, Cell, CellKind, Chart, ChartKind, Row, Share
from services.reporting.domain.report import ReportColumn, ReportHouse, Told
from services.reporting.paper.speech import Speech

# Of one answer, over all houses.
MOST_TOLD: Final = 1_000
_KINDS: Final = {kind: pb.ReportCellKind.Value(f"REPORT_CELL_KIND_{kind.name}") for kind in CellKind}
_CHARTS: Final = {kind: pb.ReportChartKind.Value(f"REPORT_CHART_KIND_{kind.name}") for kind in ChartKind}
_AXES: Final = {kind: pb.ReportCellKind.Value(f"REPORT_CELL_KIND_{kind.name}") for kind in AxisKind}


def column_messages(columns: Iterable[ReportColumn], speech: Speech) -> list[pb.ReportColumn]:
    """With their headings."""
    return [
        pb.ReportColumn(key=column.word.value, heading=speech.say(column.word), kind=_KINDS[column.kind])
        for column in columns
    ]


async def house_message(
    house: ReportHouse, told: Told, columns: Sequence[ReportColumn], speech: Speech, most: int
) -> pb.ReportHouse:
    """With at most `most` rows; what is more is not read."""
    block = speech.block(house.name, told, columns[0].kind)
    message = pb.ReportHouse(house_id=house.house_id, name=house.name)
    async for row in block.rows:
        if len(message.rows) == most:
            message.is_cut = True
            break
        message.rows.append(row_message(row))
    await _closed(told.rows)
    for total in block.totals:
        message.totals.append(row_message([total.label, *total.cells[1:]]))
    message.charts.extend(map(_chart_message, block.charts))
    return message


async def _closed(rows: AsyncIterator[object]) -> None:
    # A cursor of the database is behind it, and would stay open.
    close = getattr(rows, "aclose", None)
    if close is not None:
        await close()


def row_message(row: Row) -> pb.ReportRow:
    """One cell for each column."""
    return pb.ReportRow(cells=map(_cell_message, row))


def _cell_message(cell: Cell) -> pb.ReportCell:
    match cell:
        case None:
            return pb.ReportCell()
        case str():
            return pb.ReportCell(text=cell)
        case Amount(amount_minor, currency):
            return pb.ReportCell(money=wire_money(amount_minor, currency))
        case Share(part, whole):
            return pb.ReportCell(share=pb.ReportShare(part=part, whole=whole))
        case int():
            return pb.ReportCell(number=cell)
        case datetime():
            return pb.ReportCell(moment=cell.isoformat(timespec="seconds"))
        case date():
            return pb.ReportCell(day=cell.isoformat())


def _chart_message(chart: Chart) -> pb.ReportChart:
    return pb.ReportChart(
        kind=_CHARTS[chart.kind],
        heading=chart.heading,
        labels=chart.labels,
        series=[
            pb.ReportSeries(name=one.name, values=[pb.ReportChartValue(value=value) for value in one.values])
            for one in chart.series
        ],
        axis=_AXES[chart.axis],
        currency=chart.currency,
    )
