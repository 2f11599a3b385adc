"""Small halls for the tests of best available and of the orphan rule, and a slow, plain search of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import hypot

from hypothesis import strategies as st

from services.inventory.domain import commands as c
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.free_seats import FreeSeats
from services.inventory.domain.records import HoldRules
from services.inventory.domain.seat_layout import COST_UNITS, SeatLayout, SeatPlace, lay_out
from services.inventory.domain.seat_map import SeatMap
from services.inventory.domain.seat_state import BLOCKED, FREE
from tests.unit.inventory.builders import ONLINE

FOCUS = (0.0, 0.0)
RULES = HoldRules(on_sale=True, seats_per_holder=30, ttl_ms=60_000)
STRICT = HoldRules(on_sale=True, seats_per_holder=30, ttl_ms=60_000, refuses_orphans=True)


@dataclass(frozen=True)
class Hall:
    """Places with their layout, and which of them are free."""

    places: Sequence[SeatPlace]
    layout: SeatLayout
    focus: tuple[float, float]
    free: frozenset[int]

    def free_seats(self) -> FreeSeats:
        return FreeSeats(self.layout, bytes(FREE if seat in self.free else BLOCKED for seat in range(len(self.places))))

    def seat_map(self, rules: HoldRules = RULES) -> SeatMap:
        state = SeatMap(len(self.places), rules, self.layout)
        state.mark([seat for seat in range(len(self.places)) if seat not in self.free], BLOCKED)
        return state


def row(text: str, *, name: str = "1", zone: str = "Z", y: float = 10.0) -> list[SeatPlace]:
    """One character a seat, centred: its category in lower case, in capitals an accessible one; a blank is an aisle."""
    return [
        SeatPlace(zone, name, letter.lower(), (x - (len(text) - 1) / 2), y, accessible=letter.isupper())
        for x, letter in enumerate(text)
        if letter != " "
    ]


def standing(count: int, *, zone: str = "Pit", category: str = "p") -> list[SeatPlace]:
    return [SeatPlace(zone, "", category, 0.0, 5.0, standing=True) for _ in range(count)]


def hall(*rows: Sequence[SeatPlace], taken: Iterable[int] = (), focus: tuple[float, float] = FOCUS) -> Hall:
    places = [place for row in rows for place in row]
    return Hall(places, lay_out(places, focus), focus, frozenset(range(len(places))) - frozenset(taken))


def best(hold_id: str, *groups: SeatGroup, holder: str = "anna", may_split: bool = False) -> c.HoldBestAvailable:
    return c.HoldBestAvailable(hold_id, holder, groups, ONLINE, may_split)


@st.composite
def halls(draw: st.DrawFn) -> Hall:
    """Straight, curved and crooked rows, one or two zones, aisles, accessible seats, standing places, some taken."""
    places: list[SeatPlace] = []
    bend = draw(st.sampled_from([0.0, 0.3, -0.3, 2.0, -2.0]))
    jitter = st.sampled_from([0.0, 0.0, 0.4])
    for number in range(draw(st.integers(1, 4))):
        zone = draw(st.sampled_from(["Left", "Right"]))
        left = draw(st.integers(-6, 2))
        x = float(left)
        for _ in range(draw(st.integers(1, 9))):
            y = 4.0 + number * 3 + bend * (x / 4) ** 2 + draw(jitter)
            category = draw(st.sampled_from("aab"))
            places.append(SeatPlace(zone, str(number), category, x, y, draw(st.integers(0, 7)) == 0))
            x += draw(st.sampled_from([1.0, 1.0, 1.0, 5.0]))
    places += standing(draw(st.integers(0, 3)))
    focus = (float(draw(st.integers(-5, 5))), 0.0)
    taken = draw(st.sets(st.integers(0, len(places) - 1), max_size=len(places) // draw(st.sampled_from([1, 3, 5]))))
    return hall(places, taken=taken, focus=focus)


@st.composite
def crooked_halls(draw: st.DrawFn) -> Hall:
    """A few long rows, mostly free, that bend to and from the focal point as they like: what is cheapest, and where?"""
    places = []
    for number in range(draw(st.integers(1, 4))):
        ys = draw(st.lists(st.integers(1, 12), min_size=5, max_size=14))
        straight = draw(st.booleans())
        places += [
            SeatPlace("Z", str(number), "a", float(x), 5.0 + (number if straight else y / 2)) for x, y in enumerate(ys)
        ]
    focus = (draw(st.integers(0, 140)) / 10, 0.0)
    taken = draw(st.sets(st.integers(0, len(places) - 1), max_size=len(places) // 4))
    return hall(places, taken=taken, focus=focus)


GROUPS = st.builds(
    lambda size, categories, zones, accessible: SeatGroup(size, categories, zones, min(accessible, size)),
    st.integers(1, 5),
    st.sampled_from([(), ("a",), ("b",), ("a", "b")]),
    st.sampled_from([(), ("Left",), ("Right",), ("Left", "Right"), ("Pit",)]),
    st.sampled_from([0, 0, 0, 1, 2]),
)


def cost(hall: Hall, seats: Iterable[int]) -> int:
    places = [hall.places[seat] for seat in seats]
    return sum(round(hypot(place.x - hall.focus[0], place.y - hall.focus[1]) * COST_UNITS) for place in places)


def is_allowed(hall: Hall, group: SeatGroup, seat: int) -> bool:
    """By category, zone and kind; how many of a choice are accessible is another matter."""
    place = hall.places[seat]
    return (
        (not group.categories or place.category in group.categories)
        and (not group.zones or place.zone in group.zones)
        and (not place.standing or place.zone in group.zones)
        and (not place.accessible or group.accessible > 0)
    )


def all_windows(hall: Hall, group: SeatGroup) -> Iterator[tuple[int, ...]]:
    """Every choice side by side that the group's wishes allow."""
    for run in hall.layout.runs:
        for start in range(len(run.seats) - group.size + 1):
            window = run.seats[start : start + group.size]
            if all(seat in hall.free and is_allowed(hall, group, seat) for seat in window) and not run.standing:
                accessible = sum(hall.places[seat].accessible for seat in window)
                if accessible == group.accessible:
                    yield window


def lonely(hall: Hall, free: frozenset[int]) -> set[int]:
    """Free seats that anybody could take, with no such seat beside them."""
    found = set()
    for run in hall.layout.runs:
        for at, seat in enumerate(run.seats):
            beside = run.seats[max(at - 1, 0) : at] + run.seats[at + 1 : at + 2]
            if _is_regular(hall, free, seat) and not any(_is_regular(hall, free, other) for other in beside):
                found.add(seat)
    return found


def _is_regular(hall: Hall, free: frozenset[int], seat: int) -> bool:
    place = hall.places[seat]
    return seat in free and not place.standing and not place.accessible


def orphans(hall: Hall, chosen: Iterable[int]) -> set[int]:
    """Seats that the choice would leave single and that are not so already."""
    return lonely(hall, hall.free - frozenset(chosen)) - lonely(hall, hall.free)
