"""Standing areas of a hall plan: an area's places are all drawn in one spot, and shown as one box with their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from services.paper.localised import number_text
from services.paper.surface import Box, Ink, Surface, Type
from services.ticketing.paper.documents import DrawnSeat
from services.ticketing.paper.plan_views import View

_WIDTH, _HEIGHT = 34.0, 12.0


def parted(seats: Sequence[DrawnSeat]) -> tuple[list[DrawnSeat], list[list[DrawnSeat]]]:
    """Seats that have a spot of their own, and the places of each spot that several share."""
    spots: dict[tuple[float, float], list[DrawnSeat]] = defaultdict(list)
    for seat in seats:
        spots[seat.x, seat.y].append(seat)
    seated = [places[0] for places in spots.values() if len(places) == 1]
    return seated, [places for places in spots.values() if len(places) > 1]


def draw_standing(surface: Surface, view: View, areas: Sequence[Sequence[DrawnSeat]], language: str) -> None:
    """A box for each: its name, and how many of its places are marked; filled where some are."""
    for places in areas:
        marked = sum(place.is_marked for place in places)
        x, y = view.at(places[0].x, places[0].y)
        box = Box(x - _WIDTH / 2, y - _HEIGHT / 2, _WIDTH, _HEIGHT)
        surface.fill(box, Ink.PRIMARY if marked else Ink.PALE)
        ink = Ink.PAPER if marked else Ink.MUTED
        name = Type(9, bold=True, ink=ink, across=0.5, down=0.5)
        surface.text(Box(box.x + 1, box.y + 1, _WIDTH - 2, 5.5), places[0].zone, name)
        told = f"{number_text(marked, language)} / {number_text(len(places), language)}"
        count = Type(8, ink=ink, across=0.5, down=0.5)
        surface.text(Box(box.x + 1, box.y + 6.2, _WIDTH - 2, 4.8), told, count)
