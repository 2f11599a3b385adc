"""Writes a plan as the editor's format demands it, exactly, and beside it a sidecar with what that cannot say.

It works on the imported documents, so that what was only drawn is there again; read once more, they give the same plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec import UNSET, UnsetType

from services.catalogue.domain import plan_drawing
from services.catalogue.domain.plan_checks import StandingArea
from services.catalogue.domain.plan_document import (
    SIDECAR_VERSION,
    AreaSide,
    CategoryEntry,
    LabelSide,
    RowEntry,
    SeatEntry,
    Sidecar,
    SizeEntry,
    ZoneEntry,
)
from services.catalogue.domain.plan_drawn import Drawn, DrawnEntry, OutArea, OutPosition, OutSize, at, drawn, drawn_area
from services.catalogue.domain.plan_drawn import whole as next_whole
from services.catalogue.domain.plan_parser import ReadPlan, read_plan
from services.catalogue.domain.plan_sides import accessible_categories
from services.catalogue.domain.seating_plan import PlanInvalid


@dataclass(frozen=True, slots=True)
class PlanDocuments:
    """A plan as files: one that the editor reads, and what that one cannot say."""

    document: bytes
    sidecar: bytes


class _OutSeat(Drawn, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    seat_guid: str
    seat_number: str
    position: OutPosition
    category: str


class _OutRow(Drawn, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    row_number: str
    # Never left out: without it the editor draws the number on both sides.
    row_number_position: str | None
    position: OutPosition
    seats: list[_OutSeat]
    row_label: str | UnsetType = UNSET
    seat_label: str | UnsetType = UNSET


class _OutZone(Drawn, frozen=True, omit_defaults=True, kw_only=True):
    position: OutPosition
    rows: list[_OutRow]
    name: str | UnsetType = UNSET
    zone_id: str | UnsetType = UNSET
    areas: list[OutArea] | UnsetType = UNSET


class _OutCategory(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    color: str | UnsetType = UNSET


class _OutPlan(msgspec.Struct, frozen=True):
    name: str
    categories: list[_OutCategory]
    size: OutSize
    zones: list[_OutZone]


class _DrawnRow(DrawnEntry, frozen=True, gc=False, kw_only=True):
    seats: list[DrawnEntry]


class _DrawnZone(DrawnEntry, frozen=True, kw_only=True):
    rows: list[_DrawnRow]


class _DrawnPlan(msgspec.Struct, frozen=True):
    zones: list[_DrawnZone]


def export_plan(plan_json: bytes, sidecar_json: bytes) -> PlanDocuments | PlanInvalid:
    """The documents that were imported, unpacked, as documents to give out. PlanInvalid: they never were imported."""
    read = read_plan(plan_json, sidecar_json)
    if isinstance(read, PlanInvalid):
        return read
    # A mark before the JSON is skipped by the reading above and no JSON here.
    kept = msgspec.json.decode(plan_json.removeprefix(b"\xef\xbb\xbf"), type=_DrawnPlan)
    areas, sides = _areas(read)
    zones = [
        _zone(zone, kept_zone, out_areas)
        for zone, kept_zone, out_areas in zip(read.document.zones, kept.zones, areas, strict=True)
    ]
    size = read.sidecar.size or plan_drawing.size(read.document.size)
    document = _OutPlan(
        read.document.name,
        [_category(category) for category in read.document.categories],
        OutSize(next_whole(size.width), next_whole(size.height)),
        zones,
    )
    return PlanDocuments(msgspec.json.encode(document), msgspec.json.encode(_sidecar(read, sides, size)))


def _category(category: CategoryEntry) -> _OutCategory:
    color: str | None = plan_drawing.read_drawing(category.color, str)
    return _OutCategory(category.name, UNSET if color is None else color)


def _zone(zone: ZoneEntry, kept: _DrawnZone, areas: list[OutArea]) -> _OutZone:
    return _OutZone(
        position=at(zone.position),
        rows=[_row(row, kept_row) for row, kept_row in zip(zone.rows, kept.rows, strict=True)],
        name=zone.name or UNSET,
        zone_id=zone.zone_id or UNSET,
        areas=areas or UNSET,
        uuid=drawn(kept).uuid,
    )


def _row(row: RowEntry, kept: _DrawnRow) -> _OutRow:
    number_position = plan_drawing.number_position(row.row_number_position)
    return _OutRow(
        row_number=row.row_number,
        row_number_position=None if number_position == "none" else number_position,
        position=at(row.position),
        seats=[_seat(seat, kept_seat) for seat, kept_seat in zip(row.seats, kept.seats, strict=True)],
        row_label=row.row_label or UNSET,
        seat_label=row.seat_label or UNSET,
        uuid=drawn(kept).uuid,
    )


def _seat(seat: SeatEntry, kept: DrawnEntry) -> _OutSeat:
    extra = drawn(kept)
    return _OutSeat(
        seat_guid=seat.seat_guid,
        seat_number=seat.seat_number,
        position=at(seat.position),
        category=seat.category,
        uuid=extra.uuid,
        radius=extra.radius,
        start_direction=extra.start_direction,
    )


def _areas(read: ReadPlan) -> tuple[list[list[OutArea]], list[AreaSide]]:
    """By zone; and the standing ones as the sidecar has them. Those get a uuid that no other area has."""
    standing = {area.drawn_at or area.field: area for area in read.standing}
    drawn_areas = [[drawn_area(raw) for raw in zone.areas or ()] for zone in read.document.zones]
    uses = Counter(area.uuid for areas in drawn_areas for area in areas)
    sides: list[AreaSide] = []
    for zone_index, areas in enumerate(drawn_areas):
        for index, area in enumerate(areas):
            found = standing.get(f"zones[{zone_index}].areas[{index}]")
            if found is None:
                continue
            uuid = area.uuid
            if not isinstance(uuid, str) or not uuid or uses[uuid] > 1:
                uuid = _new_uuid(f"standing-{zone_index}-{index}", uses)
                areas[index] = msgspec.structs.replace(area, uuid=uuid)
            sides.append(_side(uuid, found, read.document.zones[zone_index], areas[index]))
    return drawn_areas, sides


def _new_uuid(wanted: str, uses: Counter[str | UnsetType]) -> str:
    while uses[wanted]:
        wanted += "-"
    uses[wanted] += 1
    return wanted


def _side(uuid: str, standing: StandingArea, zone: ZoneEntry, area: OutArea) -> AreaSide:
    entry = standing.area
    assert entry.category is not None
    written = area.rectangle
    same = isinstance(written, OutSize) and entry.rectangle == SizeEntry(written.width, written.height)
    rectangle = entry.rectangle if entry.rectangle is not None and not same else None
    return AreaSide(uuid, standing.name_in(zone), entry.capacity, entry.category, rectangle)


def _sidecar(read: ReadPlan, areas: list[AreaSide], size: SizeEntry) -> Sidecar:
    sides, categories = read.sides, accessible_categories(read.document)
    seats: Sequence[SeatEntry] = [seat for zone in read.document.zones for row in zone.rows for seat in row.seats]
    labels = ((seat.seat_guid, sides.labels.get(seat.seat_guid) or seat.seat_label) for seat in seats)
    is_whole = size.width.is_integer() and size.height.is_integer()
    return Sidecar(
        SIDECAR_VERSION,
        accessible=[seat.seat_guid for seat in seats if sides.is_accessible(seat, categories)],
        companion=[seat.seat_guid for seat in seats if sides.is_companion(seat)],
        seat_labels=[LabelSide(seat_guid, label) for seat_guid, label in labels if label],
        areas=areas,
        focal_point=read.sidecar.focal_point or read.document.focal_point,
        size=None if is_whole else size,
    )
