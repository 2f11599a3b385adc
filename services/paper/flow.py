"""A4 pages filled from top to bottom: letterhead, facts, tables that go on overleaf, page x of y.

A document is composed twice, first without a pen to count its pages, so that no page waits in memory for that number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from services.paper.fitting import FittedText, block_height, fitted, wrapped
from services.paper.house_style import HouseStyle
from services.paper.page_words import PAGE_WORDS
from services.paper.streaming_pdf import ByteSink
from services.paper.surface import MM, SMALLEST_PT, Box, Ink, Surface, Type

LEFT: Final = 18.0
_FIRST_TOP = 44.0
_NEXT_TOP = 28.0
_CELL_PT = 8.5
_CELL_PAD = 1.6
_GAP = 2.0


@dataclass(frozen=True, slots=True)
class Page:
    """A4 the one way or the other, in millimetres."""

    width: float
    height: float

    @property
    def inner(self) -> float:
        """Between the margins."""
        return self.width - 2 * LEFT


PORTRAIT: Final = Page(210.0, 297.0)
LANDSCAPE: Final = Page(297.0, 210.0)


class Pen(Protocol):
    """What pages are drawn with."""

    def text(self, box: Box, text: str, how: Type) -> None:
        """See Surface."""

    def lines(self, box: Box, text: FittedText, how: Type) -> None:
        """See Surface."""

    def fill(self, box: Box, ink: Ink) -> None:
        """See Surface."""

    def line(self, start: tuple[float, float], end: tuple[float, float], *, ink: Ink, dashed: bool = False) -> None:
        """See Surface."""

    def path(self, points: Sequence[tuple[float, float]], *, ink: Ink, width: float, dashed: bool = False) -> None:
        """See Surface."""

    def logo(self, box: Box, across: float = 0.0, down: float = 0.5) -> None:
        """See Surface."""

    def next_page(self) -> None:
        """See Surface."""


class _NoPen:
    """Draws nothing and counts pages."""

    def __init__(self) -> None:
        self.pages = 0

    def text(self, box: Box, text: str, how: Type) -> None:
        pass

    def lines(self, box: Box, text: FittedText, how: Type) -> None:
        pass

    def fill(self, box: Box, ink: Ink) -> None:
        pass

    def line(self, start: tuple[float, float], end: tuple[float, float], *, ink: Ink, dashed: bool = False) -> None:
        pass

    def path(self, points: Sequence[tuple[float, float]], *, ink: Ink, width: float, dashed: bool = False) -> None:
        pass

    def logo(self, box: Box, across: float = 0.0, down: float = 0.5) -> None:
        pass

    def next_page(self) -> None:
        self.pages += 1


@dataclass(frozen=True, slots=True)
class Column:
    """Of a table: its heading, its share of the width, and where its text stands, 0 left to 1 right.

    Of what is `figures` no line is broken: what is too wide for its column is set smaller.
    """

    heading: str
    share: float
    across: float = 0.0
    figures: bool = False


class Flow:
    """Puts one block below the other and begins a page where one is full."""

    def __init__(self, pen: Pen, style: HouseStyle, title: str, number: str, pages: int, form: Page = PORTRAIT) -> None:
        self._pen = pen
        self._style = style
        self._words = PAGE_WORDS[style.language]
        self._title = title
        self._number = number
        self._pages = pages
        self._form = form
        self._cell_pt = _CELL_PT
        self._inner = form.inner
        self._bottom = form.height - 20.0
        self._page = 0
        self._begin_page()

    def title(self, mark: str = "", mark_ink: Ink = Ink.ACCENT) -> None:
        """The document's title and number, and a mark such as FINAL at the right."""
        room = self._inner - 54.0 if mark else self._inner
        self._pen.text(Box(LEFT, self._y, room, 12), self._title, Type(22, bold=True, ink=Ink.PRIMARY, down=1.0))
        if mark:
            box = Box(self._form.width - LEFT - 46, self._y + 2.6, 46, 8)
            self._pen.fill(box, mark_ink)
            self._pen.text(box, mark, Type(11, bold=True, ink=Ink.PAPER, across=0.5, down=0.5))
        self._y += 12.5
        self._pen.text(Box(LEFT, self._y, self._inner, 5.5), self._number, Type(10, ink=Ink.MUTED))
        self._y += 9

    def facts(self, facts: Sequence[tuple[str, str]], columns: int = 3) -> None:
        """Labels with their values below them, so many side by side. Facts without a value are left out."""
        told = [fact for fact in facts if fact[1]]
        width = (self._inner - (columns - 1) * 5) / columns
        for start in range(0, len(told), columns):
            row = told[start : start + columns]
            cells = [wrapped(value, width * MM, 9.5, bold=False) for _, value in row]
            height = 4 + max(block_height(len(lines), 9.5) for lines in cells) / MM + 2.5
            self.keep(height)
            for place, ((label, _), lines) in enumerate(zip(row, cells, strict=True)):
                x = LEFT + place * (width + 5)
                self._pen.text(Box(x, self._y, width, 4), label, Type(7, ink=Ink.MUTED))
                self._pen.lines(Box(x, self._y + 3.6, width, height), FittedText(lines, 9.5), Type(9.5))
            self._y += height
        self._y += _GAP

    def heading(self, text: str, keep: float = 24.0) -> None:
        """Of a part, which begins on the same page: `keep` is the least of it."""
        self.keep(10 + keep)
        self._y += 3
        self._pen.text(Box(LEFT, self._y, self._inner, 7), text, Type(12, bold=True, ink=Ink.PRIMARY, down=1.0))
        self._y += 8.2

    def paragraph(self, text: str, *, size: float = 8.5, ink: Ink = Ink.TEXT) -> None:
        """A text of any length; it goes on overleaf."""
        how = Type(size, ink=ink)
        step = block_height(1, size) / MM * 0.96
        for line in wrapped(text, self._inner * MM, size, bold=False):
            self.keep(step)
            self._pen.lines(Box(LEFT, self._y, self._inner, step), FittedText((line,), size), how)
            self._y += step
        self._y += _GAP

    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Sequence[str]],
        total: Sequence[str] = (),
        totals: Sequence[Sequence[str]] = (),
        *,
        size: float = _CELL_PT,
    ) -> None:
        """Rows of texts; the headings stand on every page that it goes on to. `totals`: where there are several.

        `size`: of the text, in points, where there are more columns than have room.
        """
        whole = sum(column.share for column in columns)
        widths = [column.share / whole * self._inner for column in columns]
        self._cell_pt = size
        self._head(columns, widths)
        for index, row in enumerate(rows):
            self._row(columns, widths, row, bold=False, ground=Ink.PALE if index % 2 else None)
        self._pen.line((LEFT, self._y), (LEFT + self._inner, self._y), ink=Ink.RULE)
        for row in (total, *totals) if total else totals:
            self._row(columns, widths, row, bold=True, ground=None)
        self._y += _GAP

    def _head(self, columns: Sequence[Column], widths: Sequence[float]) -> None:
        self.keep(14)
        self._pen.fill(Box(LEFT, self._y, self._inner, 6.4), Ink.PRIMARY)
        x = LEFT
        for column, width in zip(columns, widths, strict=True):
            how = Type(min(7.5, self._cell_pt), bold=True, ink=Ink.PAPER, across=column.across, down=0.5)
            self._pen.text(Box(x + _CELL_PAD, self._y, width - 2 * _CELL_PAD, 6.4), column.heading, how)
            x += width
        self._y += 6.4

    def _row(
        self,
        columns: Sequence[Column],
        widths: Sequence[float],
        cells: Sequence[str],
        *,
        bold: bool,
        ground: Ink | None,
    ) -> None:
        texts = [
            _fitted_cell(cell, (width - 2 * _CELL_PAD) * MM, self._cell_pt, bold=bold, figures=column.figures)
            for column, cell, width in zip(columns, cells, widths, strict=True)
        ]
        height = max(text.height for text in texts) / MM + 1.4
        if self._y + height > self._bottom:
            self.next_page()
            self._head(columns, widths)
        if ground:
            self._pen.fill(Box(LEFT, self._y, self._inner, height), ground)
        x = LEFT
        for column, width, text in zip(columns, widths, texts, strict=True):
            box = Box(x + _CELL_PAD, self._y + 0.7, width - 2 * _CELL_PAD, height - 1.4)
            self._pen.lines(box, text, Type(self._cell_pt, bold=bold, across=column.across))
            x += width
        self._y += height

    def figure(self, height: float, draw: Callable[[Pen, Box], None]) -> None:
        """What is drawn into a box as wide as the text, on one page."""
        self.keep(height + _GAP)
        draw(self._pen, Box(LEFT, self._y, self._inner, height))
        self._y += height + _GAP

    def signature(self, above: str) -> None:
        """Where somebody signs what `above` says."""
        self.keep(30)
        self._y += 3
        self._pen.text(Box(LEFT, self._y, self._inner, 5), above, Type(8.5))
        self._y += 18
        half = (self._inner - 10) / 2
        for x, label in ((LEFT, self._words.place_and_date), (LEFT + half + 10, self._words.signature)):
            self._pen.line((x, self._y), (x + half, self._y), ink=Ink.TEXT)
            self._pen.text(Box(x, self._y + 0.8, half, 4), label, Type(7, ink=Ink.MUTED))
        self._y += 8

    def keep(self, height: float) -> None:
        """Begins a page unless so many millimetres are left on this one."""
        if self._y + height > self._bottom:
            self.next_page()

    def next_page(self) -> None:
        """Ends this page and begins one."""
        self.end()
        self._begin_page()

    def end(self) -> None:
        """Ends the page with its foot."""
        y = self._form.height - 14
        self._pen.line((LEFT, y - 1), (LEFT + self._inner, y - 1), ink=Ink.RULE)
        foot = Type(7, ink=Ink.MUTED)
        self._pen.text(Box(LEFT, y, 110, 4), f"{self._title} {self._number}", foot)
        page = self._words.page.format(self._page, self._pages)
        self._pen.text(Box(LEFT + 114, y, self._inner - 114, 4), page, Type(7, ink=Ink.MUTED, across=1.0))
        self._pen.next_page()

    def _begin_page(self) -> None:
        self._page += 1
        self._pen.fill(Box(0, 0, self._form.width, 4), Ink.PRIMARY)
        if self._page == 1:
            self._pen.logo(Box(LEFT, 12, 80, 17))
            address = Type(8, ink=Ink.MUTED, across=1.0, down=0.5)
            self._pen.text(Box(self._form.width - LEFT - 80, 12, 80, 17), _sender(self._style), address)
            self._pen.fill(Box(LEFT, 34, self._inner, 0.6), Ink.ACCENT)
            self._y = _FIRST_TOP
        else:
            self._pen.text(Box(LEFT, 12, self._inner, 6), self._style.house_name, Type(9, bold=True, ink=Ink.PRIMARY))
            self._pen.fill(Box(LEFT, 19, self._inner, 0.4), Ink.ACCENT)
            self._y = _NEXT_TOP


# Lines that a cell of a table may about have; what is longer than that ends with an ellipsis.
_LONGEST_CELL = 12


def _fitted_cell(cell: str, width: float, size: float, *, bold: bool, figures: bool) -> FittedText:
    height, smallest = (block_height(1, size), SMALLEST_PT) if figures else (_LONGEST_CELL * size, size)
    return fitted(cell, width, height, size, smallest, bold=bold)


def write_document(
    sink: ByteSink,
    style: HouseStyle,
    title: str,
    number: str,
    compose: Callable[[Flow], None],
    form: Page = PORTRAIT,
) -> None:
    """Writes the PDF of what `compose` puts into a flow, whatever its length."""
    nobody = _NoPen()
    counted = Flow(nobody, style, title, number, 0, form)
    compose(counted)
    counted.end()
    surface = Surface(sink, style, form.width, form.height, f"{title} {number}")
    drawn = Flow(surface, style, title, number, nobody.pages, form)
    compose(drawn)
    drawn.end()
    surface.finish()


def _sender(style: HouseStyle) -> str:
    lines = style.address_lines
    return "\n".join((style.house_name, *lines) if style.logo else lines)
