"""Charts that do not flatter: lines, columns and bars from zero, with an axis whose every mark is a round number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from services.contracts.money import minor_digits
from services.paper.fitting import fitted
from services.paper.flow import Pen
from services.paper.localised import money_text, number_text, percent_text, round_money_text
from services.paper.surface import MM, Box, Ink, Type
from services.paper.tables import AxisKind, Chart, ChartKind
from services.paper.typeface import printable, text_width

_LABEL_PT: Final = 7.0
_HEADING_MM: Final = 7.0
_LABELS_MM: Final = 6.0
_GAP_MM: Final = 1.6
_PLOT_MM: Final = 46.0
_BAR_MM: Final = 5.2
_NAMES_MM: Final = 46.0
_MARKS: Final = 5
# Of the first series, the second and so on; what is older or lesser is fainter.
_INKS: Final = (Ink.PRIMARY, Ink.ACCENT, Ink.MUTED, Ink.RULE)
# Series that can be told apart, and bars that a page has room for.
MAX_SERIES: Final = len(_INKS)
MAX_BARS: Final = 24
# The least that a column is wide; a line takes over where there are more.
_THINNEST_MM: Final = 0.5


@dataclass(frozen=True, slots=True)
class Scale:
    """Round numbers at the marks of an axis: the first below everything, the last above it, 0 among them."""

    low: int
    high: int
    step: int

    @property
    def marks(self) -> range:
        """All of them."""
        return range(self.low, self.high + 1, self.step)

    def at(self, value: int) -> float:
        """Where a value is, from 0 to 1."""
        return (value - self.low) / (self.high - self.low)


def scale_of(values: Sequence[int], unit: int = 1) -> Scale:
    """A scale for the values; marks are whole multiples of `unit` where the values are not smaller than that."""
    least, most = min(0, *values, 0), max(0, *values, 0)
    span = max(most - least, 1)
    unit = unit if span > unit else 1
    step = unit
    while True:
        for factor in (1, 2, 5):
            if span <= factor * step * _MARKS:
                chosen = factor * step
                low, high = least // chosen * chosen, -(-most // chosen) * chosen
                return Scale(low, high if high > low else low + chosen, chosen)
        step *= 10


def chart_height(chart: Chart) -> float:
    """In millimetres."""
    if chart.kind is ChartKind.BARS:
        return _HEADING_MM + _BAR_MM * min(len(chart.labels), MAX_BARS) + _LABELS_MM
    return _HEADING_MM + _PLOT_MM + _LABELS_MM


def draw_chart(pen: Pen, box: Box, chart: Chart, language: str) -> None:
    """Draws it with its heading, as high as chart_height says."""
    assert chart.labels, "a chart of nothing is left out"
    assert len(chart.series) <= MAX_SERIES, "nobody could tell them apart"
    drawn = _Drawing(pen, box, chart, language)
    drawn.heading()
    match chart.kind:
        case ChartKind.BARS:
            drawn.bars()
        case ChartKind.LINE | ChartKind.COLUMNS:
            drawn.over_time()
        case _:
            assert_never(chart.kind)


class _Drawing:
    """One chart in its box."""

    def __init__(self, pen: Pen, box: Box, chart: Chart, language: str) -> None:
        self._pen = pen
        self._box = box
        self._chart = chart
        self._language = language
        known = [value for series in chart.series for value in series.values if value is not None]
        self._scale = scale_of(known, _unit(chart))

    def heading(self) -> None:
        """What it shows, and at the right which colour is which."""
        box, chart = self._box, self._chart
        x = box.x + box.width
        if len(chart.series) > 1:
            for series, ink in reversed(list(zip(chart.series, _INKS, strict=False))):
                width = min(_width(series.name), 60.0)
                x -= width
                self._pen.text(Box(x, box.y, width + 0.2, 4.6), series.name, Type(_LABEL_PT, ink=Ink.MUTED, down=0.5))
                x -= 4.4
                self._pen.fill(Box(x, box.y + 1.7, 3.4, 1.2), ink)
                x -= 4
        how = Type(9, bold=True, ink=Ink.TEXT, down=0.5)
        self._pen.text(Box(box.x, box.y, max(40.0, x - box.x), 4.6), chart.heading, how)

    def over_time(self) -> None:
        """Time runs from left to right."""
        plot = self._plot()
        self._rules_across(plot)
        self._labels_below(plot)
        columns = self._chart.kind is ChartKind.COLUMNS and plot.width / len(self._chart.labels) > 2 * _THINNEST_MM
        for series, ink in reversed(list(zip(self._chart.series, _INKS, strict=False))):
            if columns:
                self._columns(plot, series.values, ink)
            else:
                self._line(plot, series.values, ink)
        self._zero_across(plot)

    def bars(self) -> None:
        """One bar a name, the names at the left."""
        box, chart = self._box, self._chart
        values = chart.series[0].values[:MAX_BARS]
        room = max(_width(self._text(value)) for value in (*values, self._scale.high) if value is not None) + 2
        plot = Box(box.x + _NAMES_MM, box.y + _HEADING_MM, box.width - _NAMES_MM - room, _BAR_MM * len(values))
        for mark in self._scale.marks:
            x = plot.x + plot.width * self._scale.at(mark)
            self._pen.line((x, plot.y), (x, plot.y + plot.height), ink=Ink.RULE)
            self._label(x, plot.y + plot.height + 0.8, self._text(mark))
        zero = plot.x + plot.width * self._scale.at(0)
        for index, (label, value) in enumerate(zip(chart.labels, values, strict=False)):
            y = plot.y + index * _BAR_MM
            name = fitted(label, (_NAMES_MM - 2) * MM, _BAR_MM * MM, 7.5, 5.5, bold=False)
            self._pen.lines(Box(box.x, y, _NAMES_MM - 2, _BAR_MM), name, Type(7.5, across=1.0, down=0.5))
            if value is None:
                continue
            end = plot.x + plot.width * self._scale.at(value)
            self._pen.fill(Box(min(zero, end), y + 0.8, abs(end - zero), _BAR_MM - 1.6), Ink.PRIMARY)
            told = Box(max(zero, end) + 1, y, room + 20, _BAR_MM)
            self._pen.text(told, self._text(value), Type(_LABEL_PT, ink=Ink.TEXT, down=0.5))
        self._pen.path([(zero, plot.y), (zero, plot.y + plot.height)], ink=Ink.TEXT, width=0.7)

    def _plot(self) -> Box:
        box = self._box
        left = max(_width(self._text(mark)) for mark in self._scale.marks) + _GAP_MM
        return Box(box.x + left, box.y + _HEADING_MM, box.width - left, _PLOT_MM)

    def _y(self, plot: Box, value: int) -> float:
        return plot.y + plot.height * (1 - self._scale.at(value))

    def _rules_across(self, plot: Box) -> None:
        for mark in self._scale.marks:
            y = self._y(plot, mark)
            self._pen.line((plot.x, y), (plot.x + plot.width, y), ink=Ink.RULE)
            label = Box(self._box.x, y - 2, plot.x - self._box.x - _GAP_MM, 4)
            self._pen.text(label, self._text(mark), Type(_LABEL_PT, ink=Ink.MUTED, across=1.0, down=0.5))

    def _zero_across(self, plot: Box) -> None:
        y = self._y(plot, 0)
        self._pen.path([(plot.x, y), (plot.x + plot.width, y)], ink=Ink.TEXT, width=0.7)

    def _labels_below(self, plot: Box) -> None:
        """As many as there is room for, evenly; each below the middle of its place."""
        labels = self._chart.labels
        slot = plot.width / len(labels)
        every = max(1, -(-int((max(map(_width, labels)) + 3) * 1000) // int(slot * 1000)))
        for index in range(0, len(labels), every):
            half = _width(labels[index]) / 2
            x = min(max(plot.x + (index + 0.5) * slot, plot.x + half), plot.x + plot.width - half)
            self._label(x, plot.y + plot.height + 1.2, labels[index])

    def _label(self, x: float, y: float, text: str) -> None:
        how = Type(_LABEL_PT, ink=Ink.MUTED, across=0.5)
        width = _width(text) + 0.5
        self._pen.text(Box(x - width / 2, y, width, 4), text, how)

    def _columns(self, plot: Box, values: Sequence[int | None], ink: Ink) -> None:
        slot, zero = plot.width / len(values), self._y(plot, 0)
        width = min(max(slot * 0.72, _THINNEST_MM), 14.0)
        for index, value in enumerate(values):
            if value:
                y = self._y(plot, value)
                x = plot.x + (index + 0.5) * slot - width / 2
                self._pen.fill(Box(x, min(y, zero), width, abs(zero - y)), ink)

    def _line(self, plot: Box, values: Sequence[int | None], ink: Ink) -> None:
        """Broken where nothing is known; a lone point is a short stroke."""
        slot = plot.width / len(values)
        run: list[tuple[float, float]] = []
        for index, value in enumerate((*values, None)):
            if value is not None:
                run.append((plot.x + (index + 0.5) * slot, self._y(plot, value)))
                continue
            if len(run) == 1:
                run = [(run[0][0] - 0.4, run[0][1]), (run[0][0] + 0.4, run[0][1])]
            if run:
                self._pen.path(run, ink=ink, width=1.4 if ink in {Ink.PRIMARY, Ink.ACCENT} else 0.9)
            run = []

    def _text(self, value: int) -> str:
        chart, language = self._chart, self._language
        match chart.axis:
            case AxisKind.NUMBER:
                return number_text(value, language)
            case AxisKind.PERCENT:
                return percent_text(value / 10_000, language, 0 if value % 100 == 0 else 1)
            case AxisKind.MONEY:
                is_whole = value % _unit(chart) == 0
                return (round_money_text if is_whole else money_text)(value, chart.currency, language)
            case _:
                assert_never(chart.axis)


def _unit(chart: Chart) -> int:
    """What marks should be whole multiples of: whole units of a currency, whole percents."""
    match chart.axis:
        case AxisKind.NUMBER:
            return 1
        case AxisKind.PERCENT:
            return 100
        case AxisKind.MONEY:
            return int(10 ** (minor_digits(chart.currency) or 0))
        case _:
            assert_never(chart.axis)


def _width(text: str) -> float:
    """In millimetres, as a label."""
    return text_width(printable(text), _LABEL_PT, bold=False) / MM
