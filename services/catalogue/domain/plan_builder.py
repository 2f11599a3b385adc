"""Draws a plan out of its blueprint: the files that an import would have brought, with computed positions (R2.2).

The stage is at the upper edge. Standing areas come first, then the blocks, each behind or beside the one before it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from services.catalogue.domain.plan_blueprint import (
    BlockPlace,
    PlanBlueprint,
    RowLabels,
    SeatBlock,
    SeatNumbering,
    rows_of,
)
from services.catalogue.domain.plan_document import SIDECAR_VERSION
from services.catalogue.domain.plan_version import PlanFiles
from services.catalogue.domain.seating_plan import PlanInvalid

# Pixels. An aisle is wide enough that seats on its two sides are no neighbours (docs/seating-plans.md).
_SEAT, _ROW, _AISLE, _MARGIN = 25, 30, 40, 50
_AREA_WIDTH, _AREA_HEIGHT = 300, 120
_COLORS = ("#1D3557", "#E87722", "#2A9D8F", "#8E44AD", "#B3202A", "#7F7F7F")
_COMPANION = re.compile(r"zones\[(\d+)]\.rows\[(\d+)]\.seats\[(\d+)]\.companion")


def built_files(blueprint: PlanBlueprint) -> PlanFiles:
    """The plan's document and sidecar. The blueprint has passed refused_blueprint."""
    zones: list[dict[str, Any]] = []
    sidecar: dict[str, Any] = {"version": SIDECAR_VERSION, "accessible": [], "companion": [], "areas": []}
    top = _MARGIN + (_AREA_HEIGHT + _MARGIN if blueprint.standing_areas else 0)
    left, behind, widest = _MARGIN, top, len(blueprint.standing_areas) * (_AREA_WIDTH + _MARGIN) + _MARGIN
    for index, block in enumerate(blueprint.blocks):
        if index and not block.beside_the_last:
            left, top = _MARGIN, behind
        zones.append(_zone(block, left, top, sidecar))
        width, height = _extent(block)
        left += width + _AISLE + _SEAT
        behind, widest = max(behind, top + height + _AISLE + _ROW), max(widest, left + _MARGIN)
    if blueprint.standing_areas:
        zones.append(_standing(blueprint, sidecar))
    sidecar["focal_point"] = {"x": widest / 2, "y": 0}
    document = {
        "name": blueprint.name,
        "categories": [
            {"name": name, "color": color or _COLORS[index % len(_COLORS)]}
            for index, (name, color) in enumerate(blueprint.categories)
        ],
        "size": {"width": widest, "height": behind + _MARGIN},
        "zones": zones,
    }
    return PlanFiles(msgspec.json.encode(document), msgspec.json.encode(sidecar))


def in_blueprint(fault: PlanInvalid, blueprint: PlanBlueprint) -> PlanInvalid:
    """A fault of the plan that was built, told of the blueprint's fields: what it says of companions."""
    return dataclasses.replace(
        fault,
        field=_companion_field(fault.field, blueprint),
        others=tuple(dataclasses.replace(one, field=_companion_field(one.field, blueprint)) for one in fault.others),
    )


def _companion_field(field: str, blueprint: PlanBlueprint) -> str:
    found = _COMPANION.fullmatch(field)
    if found is None:
        return field
    block_index, row, index = (int(number) for number in found.groups())
    block = blueprint.blocks[block_index]
    place = BlockPlace(row + 1, _seated(block, row + 1)[index])
    return f"blocks[{block_index}].companion[{block.companion.index(place)}]"


def _seated(block: SeatBlock, row: int) -> Sequence[int]:
    """The places of a row that have a seat."""
    left_out = {place.place for place in block.left_out if place.row == row}
    return [place for place in range(1, block.seats_per_row + 1) if place not in left_out]


def _extent(block: SeatBlock) -> tuple[int, int]:
    width = (block.seats_per_row - 1) * _SEAT + len(block.aisles_after_place) * _AISLE
    return width, (block.rows - 1) * _ROW + len(block.aisles_after_row) * _AISLE


def _zone(block: SeatBlock, left: int, top: int, sidecar: dict[str, Any]) -> dict[str, Any]:
    category_of = {row: one.category for one in block.categories for row in rows_of(one, block)}
    accessible = {(marked.row, marked.place) for marked in block.accessible}
    companions = {(marked.row, marked.place) for marked in block.companion}
    by_row: dict[int, set[int]] = {}
    for gap in block.left_out:
        by_row.setdefault(gap.row, set()).add(gap.place)
    shifts = [
        sum(after < place for after in block.aisles_after_place) * _AISLE for place in range(block.seats_per_row + 1)
    ]
    rows = []
    y = 0
    for row in range(1, block.rows + 1):
        label = row_label(block, row)
        places = [place for place in range(1, block.seats_per_row + 1) if place not in by_row.get(row, ())]
        seats = []
        for place, number in zip(places, numbers(block, len(places)), strict=True):
            seat_guid = f"{block.zone}-{label}-{number}"
            position = {"x": (place - 1) * _SEAT + shifts[place], "y": 0}
            seats.append(
                {
                    "seat_guid": seat_guid,
                    "seat_number": str(number),
                    "position": position,
                    "category": category_of[row],
                }
            )
            if (row, place) in accessible:
                sidecar["accessible"].append(seat_guid)
            if (row, place) in companions:
                sidecar["companion"].append(seat_guid)
        rows.append({"row_number": label, "row_number_position": "both", "position": {"x": 0, "y": y}, "seats": seats})
        y += _ROW + (_AISLE if row in block.aisles_after_row else 0)
    return {"name": block.zone, "zone_id": block.zone, "position": {"x": left, "y": top}, "rows": rows}


def row_label(block: SeatBlock, row: int) -> str:
    """What the row is called: its number, or A to Z and then AA."""
    number = row + max(block.first_row, 1) - 1
    if block.row_labels is not RowLabels.LETTERS:
        return str(number)
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def numbers(block: SeatBlock, count: int) -> Sequence[int]:
    """The numbers of a row's seats from the left."""
    upwards = range(1, count + 1)
    # From the middle outwards: the side of the odd numbers has one seat more where they are odd.
    odd, even = [number for number in upwards if number % 2], [number for number in upwards if number % 2 == 0]
    match block.seat_numbering:
        case SeatNumbering.RIGHT_TO_LEFT:
            return list(reversed(upwards))
        case SeatNumbering.ODD_LEFT:
            return [*reversed(odd), *even]
        case SeatNumbering.ODD_RIGHT:
            return [*reversed(even), *odd]
        case _:
            return upwards


def _standing(blueprint: PlanBlueprint, sidecar: dict[str, Any]) -> dict[str, Any]:
    areas = list(_areas(blueprint, sidecar))
    return {"name": "", "zone_id": "", "position": {"x": _MARGIN, "y": _MARGIN}, "rows": [], "areas": areas}


def _areas(blueprint: PlanBlueprint, sidecar: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for index, area in enumerate(blueprint.standing_areas):
        uuid = f"standing-{index}"
        sidecar["areas"].append({"uuid": uuid, "name": area.name, "capacity": area.capacity, "category": area.category})
        yield {
            "uuid": uuid,
            "shape": "rectangle",
            "position": {"x": index * (_AREA_WIDTH + _MARGIN), "y": 0},
            "rectangle": {"width": _AREA_WIDTH, "height": _AREA_HEIGHT},
            "color": "#DDDDDD",
            "border_color": "#000000",
            "rotation": 0,
            "text": {
                "text": area.name,
                "size": 16,
                "color": "#000000",
                "position": {"x": _AREA_WIDTH // 2, "y": _AREA_HEIGHT // 2},
            },
        }
