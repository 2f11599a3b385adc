"""Reads a seating plan out of its document. Answers every sequence of bytes and raises on none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.catalogue.domain.plan_document import (
    ORIGIN,
    AreaEntry,
    PlanEntry,
    PositionEntry,
    SeatEntry,
    SizeEntry,
    ZoneEntry,
    invalid,
    read_document,
)
from services.catalogue.domain.seating_plan import (
    MAX_AREA_NAME_CHARS,
    MAX_AREAS,
    MAX_CATEGORIES,
    MAX_PLAN_NAME_CHARS,
    MAX_POSITION,
    MAX_ROWS,
    MAX_SEATS,
    MAX_ZONES,
    PlanInvalid,
    PriceCategory,
    Row,
    RowNumberPosition,
    Seat,
    SeatingPlan,
)
from services.contracts.bounds import MAX_CATEGORY_CHARS, MAX_NUMBER_CHARS, MAX_SEAT_ID_CHARS, MAX_ZONE_CHARS
from services.contracts.texts import text_limit, text_problem

_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
_NUMBER_POSITIONS: dict[str | None, RowNumberPosition] = {
    "both": "both",
    "start": "start",
    "end": "end",
    "none": "none",
    "": "none",
    None: "none",
}


def parse(plan_json: bytes) -> SeatingPlan | PlanInvalid:
    """The plan, seats in document order with absolute positions (sums over their parents), or what is wrong and where.

    Bounds: MAX_PLAN_BYTES and MAX_SEATS; the first problem found is told, as a path such as zones[2].rows[0].seats[4].
    """
    document = read_document(plan_json)
    if isinstance(document, PlanInvalid):
        return document
    if problem := _plan_problem(document) or next(_category_problems(document), None):
        return problem
    if problem := next(_zone_problems(document), None) or next(_seat_problems(document), None):
        return problem
    return _plan(document)


def _text(field: str, value: str, at_least: int, at_most: int) -> PlanInvalid | None:
    problem = text_problem(value, at_least, at_most)
    return None if problem is None else invalid(field, problem, text_limit(at_least, at_most))


def _absurd(field: str, position: PositionEntry) -> PlanInvalid | None:
    if not -MAX_POSITION <= position.x <= MAX_POSITION:
        return invalid(f"{field}.x", f"is {position.x:g}")
    if not -MAX_POSITION <= position.y <= MAX_POSITION:
        return invalid(f"{field}.y", f"is {position.y:g}")
    return None


def _plan_problem(document: PlanEntry) -> PlanInvalid | None:
    zones = document.zones
    rows = sum(len(zone.rows) for zone in zones)
    areas = [area for zone in zones for area in zone.areas or ()]
    if problem := next(_capacity_problems(zones), None):
        return problem
    standing = sum(area.capacity or 0 for area in areas)
    seats = standing + sum(len(row.seats) for zone in zones for row in zone.rows)
    for field, count, at_least, at_most, noun in (
        ("categories", len(document.categories), 1, MAX_CATEGORIES, "categories"),
        ("zones", len(zones), 1, MAX_ZONES, "zones"),
        ("zones", rows, 0 if standing else 1, MAX_ROWS, "rows"),
        ("zones", len(areas), 0, MAX_AREAS, "areas"),
        ("zones", seats, 1, MAX_SEATS, "seats"),
    ):
        if not at_least <= count <= at_most:
            return invalid(field, f"has {count:,} {noun}", f"{at_least} to {at_most:,} {noun}")
    size = document.size or SizeEntry(0.0, 0.0)
    for name, value in (("width", size.width), ("height", size.height)):
        if not 0 <= value <= MAX_POSITION:
            return invalid(f"size.{name}", f"is {value:g}")
    if document.focal_point and (problem := _absurd("focal_point", document.focal_point)):
        return problem
    return _text("name", document.name, 1, MAX_PLAN_NAME_CHARS)


def _capacity_problems(zones: list[ZoneEntry]) -> Iterator[PlanInvalid]:
    for zone_index, zone in enumerate(zones):
        for index, area in enumerate(zone.areas or ()):
            if area.capacity is not None and not 1 <= area.capacity <= MAX_SEATS:
                yield invalid(f"zones[{zone_index}].areas[{index}].capacity", f"is {area.capacity:,}")


def _category_problems(document: PlanEntry) -> Iterator[PlanInvalid]:
    seen: set[str] = set()
    for index, category in enumerate(document.categories):
        field = f"categories[{index}]"
        if problem := _text(f"{field}.name", category.name, 1, MAX_CATEGORY_CHARS):
            yield problem
        if category.name in seen:
            yield invalid(f"{field}.name", f"{category.name} is there twice", "unique in the plan")
        if not _COLOR.fullmatch(category.color):
            yield invalid(f"{field}.color", "is not a colour")
        seen.add(category.name)


def _zone_problems(document: PlanEntry) -> Iterator[PlanInvalid]:
    for index, zone in enumerate(document.zones):
        field = f"zones[{index}]"
        for name, value in (("name", zone.name), ("zone_id", zone.zone_id)):
            if problem := _text(f"{field}.{name}", value, 0, MAX_ZONE_CHARS):
                yield problem
        if problem := _absurd(f"{field}.position", zone.position):
            yield problem
        for row_index, row in enumerate(zone.rows):
            row_field = f"{field}.rows[{row_index}]"
            if problem := _text(f"{row_field}.row_number", row.row_number, 0, MAX_NUMBER_CHARS):
                yield problem
            if row.row_number_position not in _NUMBER_POSITIONS:
                yield invalid(f"{row_field}.row_number_position", "is unknown")
            if problem := _absurd(f"{row_field}.position", row.position):
                yield problem


def _seat_problems(document: PlanEntry) -> Iterator[PlanInvalid]:
    categories = {category.name for category in document.categories}
    seen: set[str] = set()
    for zone_index, zone in enumerate(document.zones):
        for row_index, row in enumerate(zone.rows):
            for index, seat in enumerate(row.seats):
                if (
                    seat.seat_guid in seen
                    or seat.category not in categories
                    or text_problem(seat.seat_guid, 1, MAX_SEAT_ID_CHARS)
                    or text_problem(seat.seat_number, 0, MAX_NUMBER_CHARS)
                    or _absurd("position", seat.position)
                ):
                    field = f"zones[{zone_index}].rows[{row_index}].seats[{index}]"
                    yield _seat_problem(field, seat, seen, categories)
                seen.add(seat.seat_guid)
    yield from _area_problems(document, seen, categories)


def _area_problems(document: PlanEntry, seat_ids: set[str], categories: set[str]) -> Iterator[PlanInvalid]:
    """What is wrong with standing areas. An area without a capacity is only drawn, and nobody's concern."""
    seated = {zone.name or zone.zone_id for zone in document.zones if zone.rows}
    names: set[str] = set()
    for zone_index, zone in enumerate(document.zones):
        for index, area in enumerate(zone.areas or ()):
            if area.capacity is None:
                continue
            field = f"zones[{zone_index}].areas[{index}]"
            name = _area_name(zone, area)
            if problem := _text(f"{field}.name", name, 1, MAX_AREA_NAME_CHARS):
                yield problem
            if name in names or name in seated:
                yield invalid(f"{field}.name", f"{name!r} is there twice", "unique among areas and zones with seats")
            if area.category not in categories:
                written = "" if area.category is None else area.category
                yield invalid(f"{field}.category", f"{written[:MAX_CATEGORY_CHARS]!r} is unknown")
            if area.position and (problem := _absurd(f"{field}.position", area.position)):
                yield problem
            if area.rectangle and (problem := _absurd_size(f"{field}.rectangle", area.rectangle)):
                yield problem
            if clash := next((place for place in _place_ids(name, area.capacity) if place in seat_ids), None):
                yield invalid(f"{field}.name", f"gives the id {clash}, which a seat has", "ids unique in the plan")
            names.add(name)


def _absurd_size(field: str, size: SizeEntry) -> PlanInvalid | None:
    for name, value in (("width", size.width), ("height", size.height)):
        if not 0 <= value <= MAX_POSITION:
            return invalid(f"{field}.{name}", f"is {value:g}")
    return None


def _area_name(zone: ZoneEntry, area: AreaEntry) -> str:
    """What a standing area is called: its name, else the text drawn on it, else its zone's id or name."""
    text = area.text.text if area.text else ""
    return area.name or text or zone.zone_id or zone.name


def _place_ids(name: str, capacity: int) -> Iterator[str]:
    return (f"{name}:{number}" for number in range(1, capacity + 1))


def _seat_problem(field: str, seat: SeatEntry, seen: set[str], categories: set[str]) -> PlanInvalid:
    """The words are only made for a seat that is known to be wrong: a plan has up to 100,000 that are not."""
    text = _text(f"{field}.seat_guid", seat.seat_guid, 1, MAX_SEAT_ID_CHARS)
    text = text or _text(f"{field}.seat_number", seat.seat_number, 0, MAX_NUMBER_CHARS)
    if text:
        return text
    if seat.seat_guid in seen:
        return invalid(f"{field}.seat_guid", f"{seat.seat_guid} is there twice", "unique in the plan")
    if seat.category not in categories:
        return invalid(f"{field}.category", f"{seat.category[:MAX_CATEGORY_CHARS]!r} is unknown")
    absurd = _absurd(f"{field}.position", seat.position)
    assert absurd is not None
    return absurd


def _plan(document: PlanEntry) -> SeatingPlan:
    accessible = {category.name for category in document.categories if category.accessible}
    rows: list[Row] = []
    seats: list[Seat] = []
    for zone in document.zones:
        zone_name = zone.name or zone.zone_id
        for row in zone.rows:
            x, y = zone.position.x + row.position.x, zone.position.y + row.position.y
            position = _NUMBER_POSITIONS[row.row_number_position]
            rows.append(Row(zone_name, row.row_number, position, len(row.seats)))
            seats += [
                Seat(
                    seat.seat_guid,
                    zone_name,
                    row.row_number,
                    seat.seat_number,
                    seat.category,
                    x + seat.position.x,
                    y + seat.position.y,
                    bool(seat.accessible) or seat.category in accessible,
                )
                for seat in row.seats
            ]
        for area in zone.areas or ():
            if area.capacity:
                rows.append(Row(_area_name(zone, area), "", "none", area.capacity))
                seats += _standing_places(zone, area, area.capacity)
    categories = tuple(PriceCategory(category.name, _long(category.color)) for category in document.categories)
    size = document.size or SizeEntry(0.0, 0.0)
    focal_point = (document.focal_point.x, document.focal_point.y) if document.focal_point else None
    return SeatingPlan(document.name, size.width, size.height, categories, tuple(rows), tuple(seats), focal_point)


def _standing_places(zone: ZoneEntry, area: AreaEntry, capacity: int) -> Iterator[Seat]:
    """So many places in the area's middle: where people stand is nobody's concern."""
    name, position, size = _area_name(zone, area), area.position or ORIGIN, area.rectangle or SizeEntry(0.0, 0.0)
    x = zone.position.x + position.x + size.width / 2
    y = zone.position.y + position.y + size.height / 2
    category = area.category
    assert category is not None
    for number, seat_id in enumerate(_place_ids(name, capacity), 1):
        yield Seat(seat_id, name, "", str(number), category, x, y, standing=True)


def _long(color: str) -> str:
    """#abc is #AABBCC."""
    digits = color[1:].upper()
    return f"#{''.join(digit * 2 for digit in digits) if len(digits) == 3 else digits}"
