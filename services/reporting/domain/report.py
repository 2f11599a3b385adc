"""A report as plain values: typed columns, rows house by house, totals, charts. Words are keys; no format."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.paper.tables import AxisKind, Cell, CellKind, ChartKind
from services.reporting.domain.report_kinds import ReportKind
from services.reporting.domain.report_words import Word

# What stands in a row: a value of its column's kind, or a word that is still to be said.
ReportCell = Cell | Word
ReportRow = Sequence[ReportCell]


class ShowLabel(NamedTuple):
    """A performance in a chart: the same title is played more than once."""

    title: str
    starts: datetime | None


class ReportColumn(NamedTuple):
    """A heading and what stands below it."""

    word: Word
    kind: CellKind = CellKind.TEXT


@dataclass(frozen=True, slots=True)
class ReportTotal:
    """A row below the others. The first cell is the word's place; `currency` where a house has sold in several."""

    cells: ReportRow
    currency: str = ""


@dataclass(frozen=True, slots=True)
class ReportSeries:
    """Values of one thing, one for each label of its chart."""

    name: Word | str
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class ReportChart:
    """`about`: the performance that it shows, where it is of one."""

    kind: ChartKind
    heading: Word
    labels: tuple[ReportCell | ShowLabel, ...]
    series: tuple[ReportSeries, ...]
    axis: AxisKind = AxisKind.NUMBER
    currency: str = ""
    about: ShowLabel | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What one house has to tell. `rows` come once, one after the other: there may be a hundred thousand."""

    rows: AsyncIterator[ReportRow]
    totals: Sequence[ReportTotal] = ()
    charts: Sequence[ReportChart] = ()


@dataclass(frozen=True, slots=True)
class ReportHouse:
    """Whose rows they are."""

    house_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Report:
    """One table told house by house."""

    kind: ReportKind
    title: Word
    columns: tuple[ReportColumn, ...]
    houses: Sequence[tuple[ReportHouse, Told]]


async def rows_of(rows: Sequence[ReportRow]) -> AsyncIterator[ReportRow]:
    """Rows that are all there, as those that come."""
    for row in rows:
        yield row
