"""Reads a seating plan from the JSON of pretix's plan editor. Answers every sequence of bytes and raises on none."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from services.catalogue.domain.seating_plan import (
    MAX_CATEGORIES,
    MAX_NAME_CHARS,
    MAX_NUMBER_CHARS,
    MAX_PLAN_BYTES,
    MAX_PLAN_NAME_CHARS,
    MAX_POSITION,
    MAX_ROWS,
    MAX_SEAT_ID_CHARS,
    MAX_SEATS,
    MAX_ZONES,
    PlanInvalid,
    PriceCategory,
    Row,
    RowNumberPosition,
    Seat,
    SeatingPlan,
)
from services.catalogue.domain.texts import text_limit, text_problem

_BOM = b"\xef\xbb\xbf"
_DEFAULT_COLOR = "#7F7F7F"
_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
_AT = re.compile(r"^(?P<problem>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<name>\w+)`")

_POSITION_LIMIT = f"a number from -{MAX_POSITION:,} to {MAX_POSITION:,}"
# By the last name of a field's path.
_LIMITS = {
    "plan_json": "a JSON object",
    "name": text_limit(1, MAX_NAME_CHARS),
    "zone_id": text_limit(0, MAX_NAME_CHARS),
    "color": "#RRGGBB",
    "category": "the name of one of the plan's categories",
    "seat_guid": text_limit(1, MAX_SEAT_ID_CHARS) + ", unique in the plan",
    "seat_number": text_limit(0, MAX_NUMBER_CHARS),
    "row_number": text_limit(0, MAX_NUMBER_CHARS),
    "row_number_position": "both, start, end or none",
    "position": "an object with x and y",
    "size": "an object with width and height",
    "x": _POSITION_LIMIT,
    "y": _POSITION_LIMIT,
    "width": f"a number from 0 to {MAX_POSITION:,}",
    "height": f"a number from 0 to {MAX_POSITION:,}",
    "categories": f"1 to {MAX_CATEGORIES:,} categories",
    "zones": f"1 to {MAX_ZONES:,} zones with 1 to {MAX_SEATS:,} seats",
    "rows": f"at most {MAX_ROWS:,} rows in the plan",
    "seats": f"at most {MAX_SEATS:,} seats in the plan",
}
_NUMBER_POSITIONS: dict[str | None, RowNumberPosition] = {
    "both": "both",
    "start": "start",
    "end": "end",
    "none": "none",
    "": "none",
    None: "none",
}


# The document as the editor writes it. Keys that are not named here are skipped without being built, so that a
# document of 10 MB cannot cost a hundred times its size.
class _Position(msgspec.Struct, frozen=True, gc=False):
    x: float
    y: float


_ORIGIN = _Position(0.0, 0.0)


class _Seat(msgspec.Struct, frozen=True, gc=False):
    seat_guid: str
    seat_number: str
    position: _Position
    category: str


class _Row(msgspec.Struct, frozen=True, gc=False):
    row_number: str
    seats: list[_Seat]
    position: _Position = _ORIGIN
    row_number_position: str | None = "both"


class _Zone(msgspec.Struct, frozen=True, gc=False):
    rows: list[_Row]
    position: _Position = _ORIGIN
    name: str = ""
    zone_id: str = ""


class _Category(msgspec.Struct, frozen=True, gc=False):
    name: str
    color: str = _DEFAULT_COLOR


class _Size(msgspec.Struct, frozen=True, gc=False):
    width: float
    height: float


class _Plan(msgspec.Struct, frozen=True, gc=False):
    name: str
    categories: list[_Category]
    zones: list[_Zone]
    size: _Size | None = None


_DECODER = msgspec.json.Decoder(_Plan)


def parse(plan_json: bytes) -> SeatingPlan | PlanInvalid:
    """The plan, seats in document order with absolute positions (sums over their parents), or what is wrong and where.

    Bounds: MAX_PLAN_BYTES and MAX_SEATS; the first problem found is told, as a path such as zones[2].rows[0].seats[4].
    """
    document = _document(plan_json)
    if isinstance(document, PlanInvalid):
        return document
    if problem := _plan_problem(document) or next(_category_problems(document), None):
        return problem
    if problem := next(_zone_problems(document), None) or next(_seat_problems(document), None):
        return problem
    return _plan(document)


def refused_size(size_bytes: int) -> PlanInvalid:
    """The refusal for a document of more than MAX_PLAN_BYTES; it need not be looked into."""
    return PlanInvalid("plan_json", f"has {size_bytes:,} bytes", f"{MAX_PLAN_BYTES:,} bytes")


def _invalid(field: str, problem: str, limit: str | None = None) -> PlanInvalid:
    return PlanInvalid(field, problem, limit or _LIMITS[field.rpartition(".")[2].partition("[")[0]])


def _document(plan_json: bytes) -> _Plan | PlanInvalid:
    if len(plan_json) > MAX_PLAN_BYTES:
        return refused_size(len(plan_json))
    try:
        plan_json.decode("utf-8")
        return _DECODER.decode(plan_json.removeprefix(_BOM))
    except UnicodeDecodeError as error:
        return _invalid("plan_json", f"is not UTF-8 at byte {error.start:,}", "UTF-8 JSON")
    except RecursionError:
        return _invalid("plan_json", "is nested too deeply", "the depth of a seating plan")
    except msgspec.ValidationError as error:
        return _misshapen(str(error))
    except msgspec.DecodeError as error:
        return _invalid("plan_json", f"is not JSON: {error}", "UTF-8 JSON")


def _misshapen(message: str) -> PlanInvalid:
    """msgspec's words with our path: Expected `str`, got `int` - at `$.zones[0].name`."""
    found = _AT.match(message)
    problem, path = (found["problem"], found["path"] or "") if found else (message, "")
    if missing := _MISSING.search(problem):
        return _invalid(f"{path}.{missing['name']}".lstrip("."), "is missing")
    return _invalid(path or "plan_json", f"is not as it should be: {problem[:1].lower()}{problem[1:]}")


def _text(field: str, value: str, at_least: int, at_most: int) -> PlanInvalid | None:
    problem = text_problem(value, at_least, at_most)
    return None if problem is None else _invalid(field, problem, text_limit(at_least, at_most))


def _absurd(field: str, position: _Position) -> PlanInvalid | None:
    if not -MAX_POSITION <= position.x <= MAX_POSITION:
        return _invalid(f"{field}.x", f"is {position.x:g}")
    if not -MAX_POSITION <= position.y <= MAX_POSITION:
        return _invalid(f"{field}.y", f"is {position.y:g}")
    return None


def _plan_problem(document: _Plan) -> PlanInvalid | None:
    zones = document.zones
    rows = sum(len(zone.rows) for zone in zones)
    seats = sum(len(row.seats) for zone in zones for row in zone.rows)
    for field, count, at_least, at_most, noun in (
        ("categories", len(document.categories), 1, MAX_CATEGORIES, "categories"),
        ("zones", len(zones), 1, MAX_ZONES, "zones"),
        ("zones", rows, 1, MAX_ROWS, "rows"),
        ("zones", seats, 1, MAX_SEATS, "seats"),
    ):
        if not at_least <= count <= at_most:
            return _invalid(field, f"has {count:,} {noun}", f"{at_least} to {at_most:,} {noun}")
    size = document.size or _Size(0.0, 0.0)
    for name, value in (("width", size.width), ("height", size.height)):
        if not 0 <= value <= MAX_POSITION:
            return _invalid(f"size.{name}", f"is {value:g}")
    return _text("name", document.name, 1, MAX_PLAN_NAME_CHARS)


def _category_problems(document: _Plan) -> Iterator[PlanInvalid]:
    seen: set[str] = set()
    for index, category in enumerate(document.categories):
        field = f"categories[{index}]"
        if problem := _text(f"{field}.name", category.name, 1, MAX_NAME_CHARS):
            yield problem
        if category.name in seen:
            yield _invalid(f"{field}.name", f"{category.name} is there twice", "unique in the plan")
        if not _COLOR.fullmatch(category.color):
            yield _invalid(f"{field}.color", "is not a colour")
        seen.add(category.name)


def _zone_problems(document: _Plan) -> Iterator[PlanInvalid]:
    for index, zone in enumerate(document.zones):
        field = f"zones[{index}]"
        for name, value in (("name", zone.name), ("zone_id", zone.zone_id)):
            if problem := _text(f"{field}.{name}", value, 0, MAX_NAME_CHARS):
                yield problem
        if problem := _absurd(f"{field}.position", zone.position):
            yield problem
        for row_index, row in enumerate(zone.rows):
            row_field = f"{field}.rows[{row_index}]"
            if problem := _text(f"{row_field}.row_number", row.row_number, 0, MAX_NUMBER_CHARS):
                yield problem
            if row.row_number_position not in _NUMBER_POSITIONS:
                yield _invalid(f"{row_field}.row_number_position", "is unknown")
            if problem := _absurd(f"{row_field}.position", row.position):
                yield problem


def _seat_problems(document: _Plan) -> Iterator[PlanInvalid]:
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


def _seat_problem(field: str, seat: _Seat, seen: set[str], categories: set[str]) -> PlanInvalid:
    """The words are only made for a seat that is known to be wrong: a plan has up to 100,000 that are not."""
    text = _text(f"{field}.seat_guid", seat.seat_guid, 1, MAX_SEAT_ID_CHARS)
    text = text or _text(f"{field}.seat_number", seat.seat_number, 0, MAX_NUMBER_CHARS)
    if text:
        return text
    if seat.seat_guid in seen:
        return _invalid(f"{field}.seat_guid", f"{seat.seat_guid} is there twice", "unique in the plan")
    if seat.category not in categories:
        return _invalid(f"{field}.category", f"{seat.category[:MAX_NAME_CHARS]!r} is unknown")
    absurd = _absurd(f"{field}.position", seat.position)
    assert absurd is not None
    return absurd


def _plan(document: _Plan) -> SeatingPlan:
    rows, seats = [], []
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
                )
                for seat in row.seats
            ]
    categories = tuple(PriceCategory(category.name, _long(category.color)) for category in document.categories)
    size = document.size or _Size(0.0, 0.0)
    return SeatingPlan(document.name, size.width, size.height, categories, tuple(rows), tuple(seats))


def _long(color: str) -> str:
    """#abc is #AABBCC."""
    digits = color[1:].upper()
    return f"#{''.join(digit * 2 for digit in digits) if len(digits) == 3 else digits}"
