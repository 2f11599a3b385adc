"""Tables and charts as plain values, spoken already: what the writers of PDF, Excel and CSV are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import NamedTuple


class CellKind(Enum):
    """What stands in a column. A cell without a value is None in any of them."""

    # str
    TEXT = "text"
    # int
    NUMBER = "number"
    # Amount
    MONEY = "money"
    # Share
    PERCENT = "percent"
    # date
    DAY = "day"
    # date, of which the day does not count
    MONTH = "month"
    # datetime, as the clock on the house's wall shows it; with an offset where that is known
    MOMENT = "moment"


class Amount(NamedTuple):
    """Whole minor units of a currency."""

    amount_minor: int
    currency: str


class Share(NamedTuple):
    """So much of a whole; nothing can be said where the whole is 0."""

    part: int
    whole: int

    @property
    def ratio(self) -> float | None:
        """0.25 for a quarter."""
        return self.part / self.whole if self.whole else None


Cell = str | int | Amount | Share | date | datetime | None
Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A heading and what stands below it."""

    heading: str
    kind: CellKind = CellKind.TEXT


class ChartKind(Enum):
    """A line over time, columns over time, or bars side by side for things that have names."""

    LINE = "line"
    COLUMNS = "columns"
    BARS = "bars"


class AxisKind(Enum):
    """What the values of a chart are: whole numbers, minor units, or hundredths of a percent."""

    NUMBER = "number"
    MONEY = "money"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one colour of bars: a value for each label, None where there is none."""

    name: str
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Drawn from zero, always. `currency` of AxisKind.MONEY."""

    kind: ChartKind
    heading: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    axis: AxisKind = AxisKind.NUMBER
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """A row below all others. Its label stands in the first column, whatever that has else."""

    label: str
    cells: Row


@dataclass(frozen=True, slots=True)
class TableBlock:
    """The rows of one house. `rows` gives an iterator from the first row each time; there may be very many."""

    name: str
    rows: Callable[[], Iterable[Row]]
    totals: Sequence[Total] = ()
    charts: Sequence[Chart] = ()


@dataclass(frozen=True, slots=True)
class TableDocument:
    """A title, facts about it, and one table told block by block.

    `blocks_heading` names what the blocks are (houses) where there can be several; empty: their names are not told.
    """

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    columns: Sequence[TableColumn]
    blocks: Sequence[TableBlock]
    blocks_heading: str = ""
    # What is said where there is no row at all, what the sheet of facts is called, and "currency".
    nothing: str = ""
    about: str = ""
    currency_word: str = ""
