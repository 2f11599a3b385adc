"""The hall on A4 landscape, an allotment's seats filled and numbered, so that black and white shows them too."""

from __future__ import annotations

import math
from collections.abc import Iterator

from services.paper.house_style import HouseStyle
from services.paper.localised import number_text, weekday_moment_text
from services.paper.page_words import PAGE_WORDS
from services.paper.streaming_pdf import ByteSink
from services.paper.surface import MM, Box, Ink, Surface, Type
from services.ticketing.paper.documents import DrawnSeat, HallPlan
from services.ticketing.paper.plan_views import AREA_WIDTH, View, views_of
from services.ticketing.paper.spoken import DOCUMENT_WORDS
from services.ticketing.paper.standing_boxes import draw_standing, parted

_WIDTH, _HEIGHT = 297.0, 210.0
_LEFT = (_WIDTH - AREA_WIDTH) / 2
_TOP = 46.0
_STAGE_HEIGHT = 7.0


def write_hall_plan(sink: ByteSink, style: HouseStyle, plan: HallPlan) -> None:
    """Writes the PDF: the whole hall, and closer looks where its numbers are too small to be read."""
    _Writer(sink, style, plan).write()


class _Writer:
    """Draws the pages of one plan."""

    def __init__(self, sink: ByteSink, style: HouseStyle, plan: HallPlan) -> None:
        self._style = style
        self._plan = plan
        self._words = DOCUMENT_WORDS[style.language]
        title = f"{self._words.hall_plan}: {plan.performance.hall}"
        self._surface = Surface(sink, style, _WIDTH, _HEIGHT, title)

    def write(self) -> None:
        views = views_of(self._plan.seats, self._plan.focal_point)
        for number, view in enumerate(views, 1):
            self._frame(number, len(views))
            if number > 1:
                self._zones(view)
            with self._surface.moved(_LEFT, _TOP):
                self._seats(view)
                if number == 1:
                    self._stage(view)
            self._surface.next_page()
        if not views:
            self._frame(1, 1)
            self._surface.text(Box(_LEFT, _TOP, AREA_WIDTH, 8), self._words.no_seats, Type(10))
            self._surface.next_page()
        self._surface.finish()

    def _frame(self, page: int, pages: int) -> None:
        surface, words, plan = self._surface, self._words, self._plan
        style, performance = self._style, plan.performance
        surface.fill(Box(0, 0, _WIDTH, 4), Ink.PRIMARY)
        surface.logo(Box(_WIDTH - _LEFT - 70, 10, 70, 13), across=1.0)
        title = f"{words.hall_plan}: {performance.hall}"
        surface.text(Box(_LEFT, 9, 185, 11), title, Type(19, bold=True, ink=Ink.PRIMARY, down=0.5))
        when = weekday_moment_text(performance.starts_at_ms, style.time_zone, style.language)
        surface.text(Box(_LEFT, 21, 185, 6), f"{performance.title} · {when}", Type(10.5, bold=True))
        told = f"{words.allotment} {plan.allotment_number} · {plan.office.name}"
        surface.text(Box(_LEFT, 27.2, 185, 5.5), told, Type(9.5, ink=Ink.MUTED))
        surface.fill(Box(_LEFT, 34.5, AREA_WIDTH, 0.5), Ink.ACCENT)
        self._legend()
        foot = PAGE_WORDS[self._style.language].page.format(page, pages)
        surface.text(Box(_WIDTH - _LEFT - 80, _HEIGHT - 12, 80, 4), foot, Type(7, ink=Ink.MUTED, across=1.0))

    def _zones(self, view: View) -> None:
        """Of a closer look: where in the hall it is."""
        zones = ", ".join(dict.fromkeys(seat.zone for seat in view.seats if seat.is_marked and seat.zone))
        how = Type(9.5, bold=True, ink=Ink.MUTED, across=1.0)
        self._surface.text(Box(_WIDTH - _LEFT - 78, 25.5, 78, 8), zones, how)

    def _legend(self) -> None:
        surface, words, y = self._surface, self._words, _HEIGHT - 10
        marked = sum(seat.is_marked for seat in self._plan.seats)
        counts = [number_text(each, self._style.language) for each in (marked, len(self._plan.seats) - marked)]
        surface.dots([(_LEFT + 2, y, 1.8)], fill=Ink.PRIMARY, stroke=Ink.PRIMARY)
        surface.labels([(_LEFT + 2, y, "1")], 6, bold=True, ink=Ink.PAPER)
        surface.text(
            Box(_LEFT + 6, y - 2.5, 80, 5), words.in_allotment.format(counts[0]), Type(8.5, bold=True, down=0.5)
        )
        surface.dots([(_LEFT + 92, y, 1.8)], fill=None, stroke=Ink.MUTED)
        surface.labels([(_LEFT + 92, y, "2")], 5.5, bold=False, ink=Ink.MUTED)
        surface.text(Box(_LEFT + 96, y - 2.5, 80, 5), words.others.format(counts[1]), Type(8.5, down=0.5))

    def _seats(self, view: View) -> None:
        surface, radius = self._surface, view.radius_mm
        seated, areas = parted(view.seats)
        for is_marked in (False, True):
            seats = [seat for seat in seated if seat.is_marked is is_marked]
            places = [(*view.at(seat.x, seat.y), seat.label) for seat in seats]
            ink = Ink.PRIMARY if is_marked else Ink.MUTED
            # Paths of some thousand circles make printers stumble.
            for start in range(0, len(places), 500):
                circles = [(x, y, radius) for x, y, _ in places[start : start + 500]]
                surface.dots(circles, fill=Ink.PRIMARY if is_marked else None, stroke=ink)
            if view.is_readable:
                size = min(radius * MM * 1.05, 7.0)
                self._numbers(places, size, is_marked=is_marked)
        if view.is_readable:
            surface.labels(list(_row_labels(view)), min(radius * MM * 1.1, 7.5), bold=True, ink=Ink.TEXT)
        draw_standing(surface, view, areas, self._style.language)

    def _numbers(self, places: list[tuple[float, float, str]], size: float, *, is_marked: bool) -> None:
        """Longer labels smaller, so that they stay in their circles."""
        by_size: dict[float, list[tuple[float, float, str]]] = {}
        for place in places:
            shrunk = size if len(place[2]) <= 2 else size * 2.4 / len(place[2])
            by_size.setdefault(shrunk, []).append(place)
        for shrunk, some in by_size.items():
            self._surface.labels(some, shrunk, bold=is_marked, ink=Ink.PAPER if is_marked else Ink.MUTED)

    def _stage(self, view: View) -> None:
        """Where people look: a bar beyond the seats, or in the midst of them a box as large as there is room."""
        xs, ys = [seat.x for seat in view.seats], [seat.y for seat in view.seats]
        focal = self._plan.focal_point or ((min(xs) + max(xs)) / 2, min(ys))
        x, y = view.at(*focal)
        around = min(math.dist(view.at(seat.x, seat.y), (x, y)) for seat in view.seats) - view.radius_mm
        top, bottom = view.at(0, min(ys))[1], view.at(0, max(ys))[1]
        if y <= top:
            box = Box(x - 35, min(y, top - view.radius_mm - 2) - _STAGE_HEIGHT, 70, _STAGE_HEIGHT)
        elif y >= bottom:
            box = Box(x - 35, max(y, bottom + view.radius_mm + 2), 70, _STAGE_HEIGHT)
        elif around > 4:
            box = Box(x - around * 0.7, y - around * 0.35, around * 1.4, around * 0.7)
        else:
            return
        self._surface.fill(box, Ink.PALE)
        self._surface.text(box, self._words.stage, Type(9, bold=True, ink=Ink.MUTED, across=0.5, down=0.5))


def _row_labels(view: View) -> Iterator[tuple[float, float, str]]:
    """Each row's name before its first and behind its last seat, where nothing else stands."""
    rows: dict[tuple[str, str], list[DrawnSeat]] = {}
    taken = _Ground(2 * view.radius_mm)
    for seat in view.seats:
        taken.take(*view.at(seat.x, seat.y))
        if seat.row:
            rows.setdefault((seat.zone, seat.row), []).append(seat)
    for (_, row), seats in rows.items():
        for seat, side in ((min(seats, key=_x), -1), (max(seats, key=_x), 1)):
            x, y = view.at(seat.x, seat.y)
            x += side * 2.4 * view.radius_mm
            if taken.is_free(x, y):
                taken.take(x, y)
                yield x, y, row


class _Ground:
    """Which spots are taken, each a circle of so many millimetres."""

    def __init__(self, across: float) -> None:
        self._across = across
        self._cells: dict[tuple[int, int], list[tuple[float, float]]] = {}

    def take(self, x: float, y: float) -> None:
        """A spot is taken."""
        self._cells.setdefault(self._cell(x, y), []).append((x, y))

    def is_free(self, x: float, y: float) -> bool:
        """Whether a circle there would touch none."""
        column, row = self._cell(x, y)
        around = (
            spot
            for near_column in range(column - 1, column + 2)
            for near_row in range(row - 1, row + 2)
            for spot in self._cells.get((near_column, near_row), ())
        )
        return all(math.dist(spot, (x, y)) >= self._across for spot in around)

    def _cell(self, x: float, y: float) -> tuple[int, int]:
        return int(x // self._across), int(y // self._across)


def _x(seat: DrawnSeat) -> float:
    return seat.x
