"""Reads a seating plan out of its document. Answers every sequence of bytes and raises on none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.catalogue.domain import plan_drawing
from services.catalogue.domain.plan_checks import StandingArea, check_plan, place_ids
from services.catalogue.domain.plan_document import (
    ORIGIN,
    PlanEntry,
    RowEntry,
    Sidecar,
    SizeEntry,
    ZoneEntry,
    refused_size,
)
from services.catalogue.domain.plan_faults import PlanFaults
from services.catalogue.domain.plan_shapes import Found, read_area, read_document, read_sidecar
from services.catalogue.domain.plan_sides import Sides, accessible_categories, areas_of_sidecar, check_sides
from services.catalogue.domain.seating_plan import MAX_AREAS, PlanInvalid, PriceCategory, Row, Seat, SeatingPlan

_NUMBER = "%s"


def parse(plan_json: bytes, sidecar_json: bytes = b"") -> SeatingPlan | PlanInvalid:
    """The plan, seats in document order with absolute positions (sums over their parents), or all that is wrong.

    Bounds: MAX_PLAN_BYTES together and MAX_SEATS. Faults have paths such as zones[2].rows[0].seats[4]. What is only
    drawn never is one. Either may be gzip.
    """
    return refused_size(len(plan_json), len(sidecar_json)) or parse_unbounded(plan_json, sidecar_json)


def parse_unbounded(plan_json: bytes, sidecar_json: bytes) -> SeatingPlan | PlanInvalid:
    """The same for what we wrote ourselves, which nobody had to send."""
    read = read_plan(plan_json, sidecar_json)
    return read if isinstance(read, PlanInvalid) else _plan(read)


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """A document and its sidecar that are in order, laid beside each other."""

    document: PlanEntry
    sidecar: Sidecar
    sides: Sides
    # In the document's order.
    standing: Sequence[StandingArea]


def read_plan(plan_json: bytes, sidecar_json: bytes) -> ReadPlan | PlanInvalid:
    """What the documents say, or all that is wrong with them."""
    faults = PlanFaults()
    document = read_document(plan_json, faults.add)
    sidecar = read_sidecar(sidecar_json, faults.add)
    if document is not None:
        standing = _standing_areas(document, sidecar, faults.add)
        check_plan(document, standing, faults)
        sides = check_sides(document, sidecar, faults)
        return faults.refusal() or ReadPlan(document, sidecar, sides, standing)
    refusal = faults.refusal()
    assert refusal is not None
    return refusal


def _standing_areas(document: PlanEntry, sidecar: Sidecar, found: Found) -> Sequence[StandingArea]:
    """In the document's order, whoever says it."""
    if sum(len(zone.areas or ()) for zone in document.zones) > MAX_AREAS:
        return ()
    said = {area.drawn_at: area for area in areas_of_sidecar(document, sidecar, found)}
    standing = []
    for zone_index, zone in enumerate(document.zones):
        for index, raw in enumerate(zone.areas or ()):
            field = f"zones[{zone_index}].areas[{index}]"
            if field in said:
                standing.append(said[field])
                continue
            area = read_area(raw, field, found)
            if area is not None:
                standing.append(StandingArea(field, zone_index, area))
    return standing


def _plan(read: ReadPlan) -> SeatingPlan:
    document, sidecar, sides, standing = read.document, read.sidecar, read.sides, read.standing
    accessible = accessible_categories(document)
    rows: list[Row] = []
    seats: list[Seat] = []
    for zone_index, zone in enumerate(document.zones):
        for row in zone.rows:
            position = plan_drawing.number_position(row.row_number_position)
            rows.append(Row(zone.name or zone.zone_id, row.row_number, position, len(row.seats)))
            seats += _seats(zone, row, accessible, sides)
        for area in standing:
            if area.zone_index == zone_index:
                rows.append(Row(area.name_in(zone), "", "none", area.area.capacity))
                seats += _standing_places(zone, area)
    categories = [PriceCategory(category.name, plan_drawing.color(category.color)) for category in document.categories]
    size = sidecar.size or plan_drawing.size(document.size)
    focal = sidecar.focal_point or document.focal_point
    focal_point = (focal.x, focal.y) if focal else None
    return SeatingPlan(
        document.name, size.width, size.height, tuple(categories), tuple(rows), tuple(seats), focal_point
    )


def _seats(zone: ZoneEntry, row: RowEntry, accessible: frozenset[str], sides: Sides) -> list[Seat]:
    zone_name = zone.name or zone.zone_id
    x, y = zone.position.x + row.position.x, zone.position.y + row.position.y
    row_label, of_row = _label(row.row_label, row.row_number), row.seat_label
    return [
        Seat(
            seat.seat_guid,
            zone_name,
            row.row_number,
            seat.seat_number,
            seat.category,
            x + seat.position.x,
            y + seat.position.y,
            accessible=sides.is_accessible(seat, accessible),
            row_label=row_label,
            seat_label=_label(sides.labels.get(seat.seat_guid) or seat.seat_label or of_row, seat.seat_number),
            companion=sides.is_companion(seat),
        )
        for seat in row.seats
    ]


def _label(pattern: str | None, number: str) -> str:
    """What people read, the number in the place of the first %s."""
    return pattern.replace(_NUMBER, number, 1) if pattern else ""


def _standing_places(zone: ZoneEntry, standing: StandingArea) -> Iterator[Seat]:
    """So many places in the area's middle: where people stand is nobody's concern."""
    area, name = standing.area, standing.name_in(zone)
    position, size = area.position or ORIGIN, area.rectangle or SizeEntry(0.0, 0.0)
    x = zone.position.x + position.x + size.width / 2
    y = zone.position.y + position.y + size.height / 2
    assert area.category is not None
    for number, seat_id in enumerate(place_ids(name, area.capacity), 1):
        yield Seat(seat_id, name, "", str(number), area.category, x, y, standing=True)
