"""What can be wrong with a seating plan whose shape is right. Tells all of it to PlanFaults; mends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.catalogue.domain.plan_document import (
    LOST_CATEGORY,
    LOST_SEAT,
    AreaEntry,
    PlanEntry,
    PositionEntry,
    RowEntry,
    SeatEntry,
    SizeEntry,
    ZoneEntry,
    invalid,
)
from services.catalogue.domain.plan_drawing import area_text
from services.catalogue.domain.plan_faults import PlanFaults
from services.catalogue.domain.seating_plan import (
    MAX_AREA_NAME_CHARS,
    MAX_AREAS,
    MAX_CATEGORIES,
    MAX_LABEL_CHARS,
    MAX_PLAN_NAME_CHARS,
    MAX_POSITION,
    MAX_ROWS,
    MAX_SEATS,
    MAX_ZONES,
)
from services.contracts.bounds import MAX_CATEGORY_CHARS, MAX_NUMBER_CHARS, MAX_SEAT_ID_CHARS, MAX_ZONE_CHARS
from services.contracts.texts import text_limit, text_problem


@dataclass(frozen=True, slots=True)
class StandingArea:
    """An area with places, and where that is said; `drawn_at`: where the sidecar says it, its place in the document."""

    field: str
    zone_index: int
    area: AreaEntry
    drawn_at: str = ""

    def name_in(self, zone: ZoneEntry) -> str:
        """What it is called: its name, else the text drawn on it, else its zone's id or name."""
        return self.area.name or area_text(self.area.text) or zone.zone_id or zone.name


def place_ids(name: str, capacity: int) -> Iterator[str]:
    """The seat ids of a standing area."""
    return (f"{name}:{number}" for number in range(1, capacity + 1))


def check_plan(document: PlanEntry, standing: Sequence[StandingArea], faults: PlanFaults) -> None:
    """Tells everything that is wrong, in the document's order."""
    checks = _Checks(document, standing, faults)
    checks.plan()
    checks.categories()
    checks.zones()
    checks.seats()
    checks.areas()


class _Checks:
    """One look at one document."""

    def __init__(self, document: PlanEntry, standing: Sequence[StandingArea], faults: PlanFaults) -> None:
        self._document = document
        self._standing = standing
        self._faults = faults
        # Where something could not be read, that there is too little is no fault of its own.
        self._whole = not faults
        self._categories = {category.name for category in document.categories}
        self._all_categories = LOST_CATEGORY not in document.categories and (self._whole or bool(self._categories))
        self._seat_ids: dict[str, tuple[int, int, int]] = {}
        self._countable = True

    def _text(self, field: str, value: str, at_least: int, at_most: int) -> None:
        problem = text_problem(value, at_least, at_most)
        if problem is not None:
            self._faults.add(invalid(field, problem, text_limit(at_least, at_most)))

    def _position(self, field: str, position: PositionEntry) -> None:
        for name, value in (("x", position.x), ("y", position.y)):
            if not -MAX_POSITION <= value <= MAX_POSITION:
                self._faults.add(invalid(f"{field}.{name}", f"is {value:g}"))

    def plan(self) -> None:
        zones = self._document.zones
        for standing in self._standing:
            if not 1 <= standing.area.capacity <= MAX_SEATS:
                self._faults.add(invalid(f"{standing.field}.capacity", f"is {standing.area.capacity:,}"))
        places = sum(standing.area.capacity for standing in self._standing if standing.area.capacity > 0)
        rows = sum(len(zone.rows) for zone in zones)
        seats = places + sum(len(row.seats) for zone in zones for row in zone.rows)
        self._countable = seats <= MAX_SEATS
        for field, count, at_least, at_most, noun in (
            ("categories", len(self._document.categories), 1, MAX_CATEGORIES, "categories"),
            ("zones", len(zones), 1, MAX_ZONES, "zones"),
            ("zones", rows, 0 if places else 1, MAX_ROWS, "rows"),
            ("zones", sum(len(zone.areas or ()) for zone in zones), 0, MAX_AREAS, "areas"),
            ("zones", seats, 1, MAX_SEATS, "seats"),
        ):
            if count > at_most or (count < at_least and self._whole and not self._faults):
                self._faults.add(invalid(field, f"has {count:,} {noun}", f"{at_least} to {at_most:,} {noun}"))
        if self._document.focal_point:
            self._position("focal_point", self._document.focal_point)
        self._text("name", self._document.name, 1, MAX_PLAN_NAME_CHARS)

    def categories(self) -> None:
        seen: dict[str, str] = {}
        for index, category in enumerate(self._document.categories):
            field = f"categories[{index}].name"
            if category is LOST_CATEGORY:
                continue
            self._text(field, category.name, 1, MAX_CATEGORY_CHARS)
            if category.name in seen:
                named = category.name[:MAX_CATEGORY_CHARS]
                fault = invalid(field, f"{named} is there twice", "unique in the plan")
                self._faults.add(fault, first_at=seen[category.name])
            seen.setdefault(category.name, field)

    def zones(self) -> None:
        for index, zone in enumerate(self._document.zones):
            field = f"zones[{index}]"
            self._text(f"{field}.name", zone.name, 0, MAX_ZONE_CHARS)
            self._text(f"{field}.zone_id", zone.zone_id, 0, MAX_ZONE_CHARS)
            self._position(f"{field}.position", zone.position)
            for row_index, row in enumerate(zone.rows):
                self._row(f"{field}.rows[{row_index}]", row)

    def _row(self, field: str, row: RowEntry) -> None:
        self._text(f"{field}.row_number", row.row_number, 0, MAX_NUMBER_CHARS)
        self._text(f"{field}.row_label", row.row_label or "", 0, MAX_LABEL_CHARS)
        self._text(f"{field}.seat_label", row.seat_label or "", 0, MAX_LABEL_CHARS)
        self._position(f"{field}.position", row.position)

    def seats(self) -> None:
        seen, categories = self._seat_ids, self._categories
        for zone_index, zone in enumerate(self._document.zones):
            for row_index, row in enumerate(zone.rows):
                for index, seat in enumerate(row.seats):
                    position, place = seat.position, (zone_index, row_index, index)
                    if (
                        seat.seat_guid in seen
                        or seat.category not in categories
                        or text_problem(seat.seat_guid, 1, MAX_SEAT_ID_CHARS)
                        or text_problem(seat.seat_number, 0, MAX_NUMBER_CHARS)
                        or not -MAX_POSITION <= position.x <= MAX_POSITION
                        or not -MAX_POSITION <= position.y <= MAX_POSITION
                        or seat.seat_label is not None
                    ):
                        self._seat(_seat_field(place), seat)
                    seen.setdefault(seat.seat_guid, place)

    def _seat(self, field: str, seat: SeatEntry) -> None:
        """The words are only made for a seat that may be wrong: a plan has up to 100,000 that are not."""
        if seat is LOST_SEAT:
            return
        self._text(f"{field}.seat_guid", seat.seat_guid, 1, MAX_SEAT_ID_CHARS)
        self._text(f"{field}.seat_number", seat.seat_number, 0, MAX_NUMBER_CHARS)
        self._text(f"{field}.seat_label", seat.seat_label or "", 0, MAX_LABEL_CHARS)
        first = self._seat_ids.get(seat.seat_guid)
        if first is not None and not text_problem(seat.seat_guid, 1, MAX_SEAT_ID_CHARS):
            fault = invalid(f"{field}.seat_guid", f"{seat.seat_guid} is there twice", "unique in the plan")
            self._faults.add(fault, first_at=f"{_seat_field(first)}.seat_guid")
        self._category(f"{field}.category", seat.category)
        self._position(f"{field}.position", seat.position)

    def _category(self, field: str, category: str) -> None:
        if category not in self._categories and self._all_categories:
            self._faults.add(invalid(field, f"{category[:MAX_CATEGORY_CHARS]!r} is unknown"))

    def areas(self) -> None:
        """An area without a capacity is only drawn, and nobody's concern."""
        zones = self._document.zones
        names = {zone.name or zone.zone_id: f"zones[{index}].name" for index, zone in enumerate(zones) if zone.rows}
        for standing in self._standing:
            field, area = standing.field, standing.area
            name = standing.name_in(zones[standing.zone_index])
            self._text(f"{field}.name", name, 1, MAX_AREA_NAME_CHARS)
            if name in names:
                named = name[:MAX_AREA_NAME_CHARS]
                fault = invalid(f"{field}.name", f"{named!r} is there twice", "unique among areas and zones with seats")
                self._faults.add(fault, first_at=names[name])
            names.setdefault(name, f"{field}.name")
            self._category(f"{field}.category", area.category or "")
            if area.position:
                self._position(f"{standing.drawn_at or field}.position", area.position)
            if area.rectangle:
                self._size(f"{field}.rectangle", area.rectangle)
            self._clash(field, name, area.capacity)

    def _size(self, field: str, size: SizeEntry) -> None:
        for name, value in (("width", size.width), ("height", size.height)):
            if not 0 <= value <= MAX_POSITION:
                self._faults.add(invalid(f"{field}.{name}", f"is {value:g}"))

    def _clash(self, field: str, name: str, capacity: int) -> None:
        """Not looked for where there are more places than a plan may have: that alone would take minutes."""
        if self._countable and not text_problem(name, 1, MAX_AREA_NAME_CHARS):
            for place in place_ids(name, capacity):
                if (first := self._seat_ids.get(place)) is not None:
                    problem = f"gives the id {place}, which a seat has"
                    fault = invalid(f"{field}.name", problem, "ids unique in the plan")
                    self._faults.add(fault, first_at=f"{_seat_field(first)}.seat_guid")


def _seat_field(place: tuple[int, int, int]) -> str:
    return "zones[{}].rows[{}].seats[{}]".format(*place)
