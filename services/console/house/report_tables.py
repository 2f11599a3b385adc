"""A report as people read it: each house's rows in a table, what they come to below, and a word where there is more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from balcon.reporting.v1 import reports_service_pb2 as pb
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from services.contracts.money import decimal_text

# Figures stand to the right of their column.
_FIGURES: Final = frozenset({pb.REPORT_CELL_KIND_NUMBER, pb.REPORT_CELL_KIND_MONEY, pb.REPORT_CELL_KIND_PERCENT})


def drawn_report(answer: Any) -> RenderableType:
    """Of RunReport and RunGrantedReport."""
    houses: Sequence[pb.ReportHouse] = answer.houses if hasattr(answer, "houses") else [answer.house]
    if not houses:
        return Text("No house grants you anything.", style="dim")
    parts: list[RenderableType] = [Text(answer.title, style="bold")]
    for house in houses:
        parts.append(_table(house, answer.columns))
        if house.is_cut:
            parts.append(Text("There are more rows: fetch the report as a file for all of them.", style="yellow"))
    return Group(*parts)


def _table(house: pb.ReportHouse, columns: Sequence[pb.ReportColumn]) -> Table:
    table = Table(box=None, pad_edge=False, title=escape(house.name) or None, title_justify="left", show_footer=False)
    for column in columns:
        is_figure = column.kind in _FIGURES
        table.add_column(
            escape(column.heading),
            justify="right" if is_figure else "left",
            overflow="fold",
            no_wrap=is_figure or column.kind == pb.REPORT_CELL_KIND_MOMENT,
        )
    for row in house.rows:
        table.add_row(*(escape(_text(cell)) for cell in row.cells))
    for total in house.totals:
        table.add_row(*(escape(_text(cell)) for cell in total.cells), style="bold")
    return table


def _text(cell: pb.ReportCell) -> str:
    match cell.WhichOneof("value"):
        case "text":
            return cell.text
        case "number":
            return f"{cell.number:,}"
        case "money":
            return f"{decimal_text(cell.money.amount_minor, cell.money.currency)} {cell.money.currency}"
        case "share":
            return f"{100 * cell.share.part / cell.share.whole:.1f} %" if cell.share.whole else "-"
        case "day":
            return cell.day
        case "moment":
            return cell.moment.replace("T", " ").removesuffix(":00")
        case _:
            return ""
