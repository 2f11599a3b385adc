"""Reads a seating plan out of its document. Answers every sequence of bytes and raises on none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.catalogue.domain import plan_drawing
from services.catalogue.domain.plan_checks import StandingArea, check_plan, place_ids
from services.catalogue.domain.plan_document import ORIGIN, PlanEntry, RowEntry, SizeEntry, ZoneEntry
from services.catalogue.domain.plan_faults import PlanFaults
from services.catalogue.domain.plan_shapes import Found, read_area, read_document
from services.catalogue.domain.seating_plan import MAX_AREAS, PlanInvalid, PriceCategory, Row, Seat, SeatingPlan

_NUMBER = "%s"


def parse(plan_json: bytes) -> SeatingPlan | PlanInvalid:
    """The plan, seats in document order with absolute positions (sums over their parents), or all that is wrong.

    Bounds: MAX_PLAN_BYTES and MAX_SEATS. Faults have paths such as zones[2].rows[0].seats[4]. What is only drawn never
    is one.
    """
    faults = PlanFaults()
    document = read_document(plan_json, faults.add)
    if document is not None:
        standing = _standing_areas(document, faults.add)
        check_plan(document, standing, faults)
        refusal = faults.refusal()
        return _plan(document, standing) if refusal is None else refusal
    refusal = faults.refusal()
    assert refusal is not None
    return refusal


def _standing_areas(document: PlanEntry, found: Found) -> Sequence[StandingArea]:
    if sum(len(zone.areas or ()) for zone in document.zones) > MAX_AREAS:
        return ()
    standing = []
    for zone_index, zone in enumerate(document.zones):
        for index, raw in enumerate(zone.areas or ()):
            field = f"zones[{zone_index}].areas[{index}]"
            area = read_area(raw, field, found)
            if area is not None:
                standing.append(StandingArea(field, zone_index, area))
    return standing


def _plan(document: PlanEntry, standing: Sequence[StandingArea]) -> SeatingPlan:
    accessible = {category.name for category in document.categories if category.accessible}
    rows: list[Row] = []
    seats: list[Seat] = []
    for zone_index, zone in enumerate(document.zones):
        for row in zone.rows:
            position = plan_drawing.number_position(row.row_number_position)
            rows.append(Row(zone.name or zone.zone_id, row.row_number, position, len(row.seats)))
            seats += _seats(zone, row, accessible)
        for area in standing:
            if area.zone_index == zone_index:
                rows.append(Row(area.name_in(zone), "", "none", area.area.capacity))
                seats += _standing_places(zone, area)
    categories = [PriceCategory(category.name, plan_drawing.color(category.color)) for category in document.categories]
    size = plan_drawing.size(document.size)
    focal_point = (document.focal_point.x, document.focal_point.y) if document.focal_point else None
    return SeatingPlan(
        document.name, size.width, size.height, tuple(categories), tuple(rows), tuple(seats), focal_point
    )


def _seats(zone: ZoneEntry, row: RowEntry, accessible: set[str]) -> list[Seat]:
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
            accessible=bool(seat.accessible) or seat.category in accessible,
            row_label=row_label,
            seat_label=_label(seat.seat_label or of_row, seat.seat_number),
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
