"""A sidecar laid beside its document: which seats and areas it means, and all that is wrong with that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from services.catalogue.domain.plan_checks import StandingArea
from services.catalogue.domain.plan_document import (
    LOST_AREA,
    LOST_ID,
    LOST_LABEL,
    SIDECAR_VERSION,
    AreaEntry,
    AreaSide,
    PlanEntry,
    PositionEntry,
    RowEntry,
    SeatEntry,
    Sidecar,
    SizeEntry,
    invalid,
)
from services.catalogue.domain.plan_drawing import area_uuid
from services.catalogue.domain.plan_faults import PlanFaults
from services.catalogue.domain.plan_shapes import Found, read_struct
from services.catalogue.domain.seating_plan import MAX_LABEL_CHARS, MAX_POSITION, PlanInvalid
from services.contracts.bounds import MAX_SEAT_ID_CHARS
from services.contracts.texts import text_limit, text_problem

_SEAT = "the seat_guid of one of the plan's seats"


@dataclass(frozen=True, slots=True)
class Sides:
    """What sidecar and document together say of seats, by seat_guid."""

    accessible: frozenset[str] = frozenset()
    companion: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)

    def is_accessible(self, seat: SeatEntry, categories: frozenset[str]) -> bool:
        """`categories`: the accessible ones."""
        return bool(seat.accessible) or seat.category in categories or seat.seat_guid in self.accessible

    def is_companion(self, seat: SeatEntry) -> bool:
        return bool(seat.companion) or seat.seat_guid in self.companion


class _Place(msgspec.Struct, frozen=True):
    """What an area that the sidecar names must have in the right shape, if it has it."""

    position: PositionEntry | None = None
    rectangle: SizeEntry | None = None


def accessible_categories(document: PlanEntry) -> frozenset[str]:
    """By name."""
    return frozenset(category.name for category in document.categories if category.accessible)


def areas_of_sidecar(document: PlanEntry, sidecar: Sidecar, found: Found) -> Sequence[StandingArea]:
    """The standing areas that the sidecar makes. Tells those that the document has not, or has twice."""
    if not sidecar.areas:
        return ()
    drawn: dict[str, list[tuple[int, str, msgspec.Raw]]] = {}
    for zone_index, zone in enumerate(document.zones):
        for index, raw in enumerate(zone.areas or ()):
            path = f"zones[{zone_index}].areas[{index}]"
            drawn.setdefault(area_uuid(raw), []).append((zone_index, path, raw))
    standing: list[StandingArea] = []
    seen: dict[str, str] = {}
    for index, side in enumerate(sidecar.areas):
        path = f"sidecar.areas[{index}]"
        if side is LOST_AREA:
            continue
        places = drawn.get(side.uuid, []) if side.uuid else []
        if len(places) != 1 or side.uuid in seen:
            problem = f"{side.uuid[:MAX_SEAT_ID_CHARS]!r} is " + ("there twice" if places else "unknown")
            found(invalid(f"{path}.uuid", problem))
            continue
        seen[side.uuid] = path
        ((zone_index, area_path, raw),) = places
        place = read_struct(_Place, raw, area_path, found)
        if place is not None:
            standing.append(StandingArea(path, zone_index, _area(side, place), area_path))
    return standing


def _area(side: AreaSide, place: _Place) -> AreaEntry:
    rectangle = side.rectangle or place.rectangle
    return AreaEntry(side.capacity, side.category, side.name, position=place.position, rectangle=rectangle)


def check_sides(document: PlanEntry, sidecar: Sidecar, faults: PlanFaults) -> Sides:
    """Tells what the sidecar names and the document has not, and companions without an accessible seat beside them."""
    if sidecar.version != SIDECAR_VERSION:
        faults.add(invalid("sidecar.version", f"is {sidecar.version}"))
    _check_numbers(sidecar, faults)
    seat_guids = {seat.seat_guid for zone in document.zones for row in zone.rows for seat in row.seats}
    for name, listed in (("accessible", sidecar.accessible), ("companion", sidecar.companion)):
        for index, seat_guid in enumerate(listed):
            if seat_guid not in seat_guids and seat_guid is not LOST_ID:
                faults.add(_unknown(f"sidecar.{name}[{index}]", seat_guid))
    labels: dict[str, str] = {}
    for index, side in enumerate(sidecar.seat_labels):
        path = f"sidecar.seat_labels[{index}]"
        if side is LOST_LABEL:
            continue
        if side.seat_guid not in seat_guids:
            faults.add(_unknown(f"{path}.seat_guid", side.seat_guid))
        if side.seat_guid in labels:
            faults.add(invalid(f"{path}.seat_guid", f"{side.seat_guid[:MAX_SEAT_ID_CHARS]} is there twice", _SEAT))
        if problem := text_problem(side.label, 1, MAX_LABEL_CHARS):
            faults.add(invalid(f"{path}.label", problem, text_limit(1, MAX_LABEL_CHARS)))
        labels[side.seat_guid] = side.label
    sides = Sides(frozenset(sidecar.accessible), frozenset(sidecar.companion), labels)
    _check_companions(document, sides, faults)
    return sides


def _unknown(path: str, seat_guid: str) -> PlanInvalid:
    return invalid(path, f"{seat_guid[:MAX_SEAT_ID_CHARS]!r} is unknown", _SEAT)


def _check_numbers(sidecar: Sidecar, faults: PlanFaults) -> None:
    numbers: list[tuple[str, float, float]] = []
    if sidecar.focal_point:
        focal = sidecar.focal_point
        numbers += [("focal_point.x", focal.x, -MAX_POSITION), ("focal_point.y", focal.y, -MAX_POSITION)]
    if sidecar.size:
        numbers += [("size.width", sidecar.size.width, 0), ("size.height", sidecar.size.height, 0)]
    for name, value, at_least in numbers:
        if not at_least <= value <= MAX_POSITION:
            faults.add(invalid(f"sidecar.{name}", f"is {value:g}"))


def _check_companions(document: PlanEntry, sides: Sides, faults: PlanFaults) -> None:
    categories = accessible_categories(document)
    for zone_index, zone in enumerate(document.zones):
        for row_index, row in enumerate(zone.rows):
            if any(sides.is_companion(seat) for seat in row.seats):
                for index, problem in _wrong_companions(row, sides, categories):
                    path = f"zones[{zone_index}].rows[{row_index}].seats[{index}].companion"
                    faults.add(
                        invalid(path, problem, "a seat beside an accessible one of its row, itself not accessible")
                    )


def _wrong_companions(row: RowEntry, sides: Sides, categories: frozenset[str]) -> Iterator[tuple[int, str]]:
    """By their index in the row. Companions beside each other are beside what the outer ones of them are beside."""
    accessible = [sides.is_accessible(seat, categories) for seat in row.seats]
    companion = [sides.is_companion(seat) for seat in row.seats]
    order = _along(row)
    start = 0
    while start < len(order):
        if not companion[order[start]]:
            start += 1
            continue
        end = start
        while end < len(order) and companion[order[end]]:
            end += 1
        beside = [order[at] for at in (start - 1, end) if 0 <= at < len(order)]
        alone = not any(accessible[index] for index in beside)
        for index in order[start:end]:
            if accessible[index]:
                yield index, "is accessible itself"
            elif alone:
                yield index, "has no accessible seat beside it"
        start = end


def _along(row: RowEntry) -> Sequence[int]:
    """The row's seats as they stand, by their indexes: along the longer side of what they take up."""
    xs, ys = [seat.position.x for seat in row.seats], [seat.position.y for seat in row.seats]
    places = xs if max(xs) - min(xs) >= max(ys) - min(ys) else ys
    return sorted(range(len(places)), key=lambda index: (places[index], index))
