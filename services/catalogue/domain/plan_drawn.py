"""A plan document with all that its format knows, what is only drawn too: as it is read for an export, and written.

What cannot stand as it is (a text without a position, half a radius) is mended or left out here, and nowhere refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from services.catalogue.domain.plan_document import NOTHING, PositionEntry
from services.catalogue.domain.plan_drawing import read_drawing

Value = TypeVar("Value")
# Beyond it a number is no place and no size on any drawing.
_MAX_NUMBER = 1e9


class Drawn(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Of a seat, a row, a zone: what the editor keeps and no plan needs."""

    uuid: str | UnsetType = UNSET
    radius: int | UnsetType = UNSET
    start_direction: str | UnsetType | None = UNSET


class DrawnEntry(msgspec.Struct, frozen=True, gc=False):
    """The same as it is found, whatever it is."""

    uuid: msgspec.Raw = NOTHING
    radius: msgspec.Raw = NOTHING
    start_direction: msgspec.Raw = msgspec.Raw()


class OutPosition(msgspec.Struct, frozen=True, gc=False):
    """Whole numbers are written as such."""

    x: float | int
    y: float | int


class OutPolygon(msgspec.Struct, frozen=True):
    points: list[OutPosition]


class OutSize(msgspec.Struct, frozen=True):
    width: int
    height: int


class OutEllipse(msgspec.Struct, frozen=True):
    radius: OutPosition


class OutCircle(msgspec.Struct, frozen=True):
    radius: int


class OutText(msgspec.Struct, frozen=True, omit_defaults=True):
    text: str
    position: OutPosition
    color: str | UnsetType = UNSET
    size: int | UnsetType = UNSET


class OutArea(msgspec.Struct, frozen=True, omit_defaults=True):
    """One drawn shape. A standing area is one too; its sidecar tells it by the uuid."""

    shape: str | UnsetType = UNSET
    uuid: str | UnsetType = UNSET
    color: str | UnsetType = UNSET
    border_color: str | UnsetType = UNSET
    rotation: float | int | UnsetType = UNSET
    position: OutPosition | UnsetType = UNSET
    polygon: OutPolygon | UnsetType = UNSET
    rectangle: OutSize | UnsetType = UNSET
    ellipse: OutEllipse | UnsetType = UNSET
    circle: OutCircle | UnsetType = UNSET
    text: OutText | UnsetType = UNSET


class _Sides(msgspec.Struct, frozen=True):
    width: msgspec.Raw = NOTHING
    height: msgspec.Raw = NOTHING


class _Radius(msgspec.Struct, frozen=True):
    radius: msgspec.Raw = NOTHING


class _Points(msgspec.Struct, frozen=True):
    points: list[PositionEntry]


class _Text(msgspec.Struct, frozen=True):
    text: str
    position: msgspec.Raw = NOTHING
    color: msgspec.Raw = NOTHING
    size: msgspec.Raw = NOTHING


SHAPES = frozenset({"polygon", "rectangle", "ellipse", "circle", "text"})
_MAX_UUID_CHARS = 64


def number(value: float) -> float | int:
    """As short as it can be written."""
    return int(value) if value.is_integer() else value


def whole(value: float) -> int:
    """The next whole number, for what is only drawn."""
    return math.ceil(value)


def at(position: PositionEntry) -> OutPosition:
    """The position as it is written."""
    return OutPosition(number(position.x), number(position.y))


def drawn(entry: DrawnEntry) -> Drawn:
    """As much of it as has the right form."""
    direction: Any = UNSET
    if bytes(entry.start_direction):
        direction = read_drawing(entry.start_direction, str | None)
        if direction is None and bytes(entry.start_direction) != b"null":
            direction = UNSET
    return Drawn(_or_unset(read_drawing(entry.uuid, str)), _or_unset(_whole(entry.radius)), direction)


def drawn_area(raw: msgspec.Raw) -> OutArea:
    """As much of an area as has the right form."""
    parts: Mapping[str, msgspec.Raw] = read_drawing(raw, dict[str, msgspec.Raw]) or {}
    texts = {name: read_drawing(parts.get(name, NOTHING), str) for name in ("shape", "uuid", "color", "border_color")}
    uuid = texts["uuid"] if texts["uuid"] and len(texts["uuid"]) <= _MAX_UUID_CHARS else None
    rotation = _number(parts.get("rotation", NOTHING))
    points: _Points | None = read_drawing(parts.get("polygon", NOTHING), _Points)
    ellipse: _Radius | None = read_drawing(parts.get("ellipse", NOTHING), _Radius)
    radius = _place(ellipse.radius) if ellipse else None
    circle: _Radius | None = read_drawing(parts.get("circle", NOTHING), _Radius)
    whole_radius = _whole(circle.radius) if circle else None
    return OutArea(
        shape=texts["shape"] if texts["shape"] in SHAPES else UNSET,
        uuid=_or_unset(uuid),
        color=_or_unset(texts["color"]),
        border_color=_or_unset(texts["border_color"]),
        rotation=UNSET if rotation is None else number(rotation),
        position=_or_unset(_place(parts.get("position", NOTHING))),
        polygon=OutPolygon([at(point) for point in points.points if _is_place(point)]) if points else UNSET,
        rectangle=_or_unset(_rectangle(parts.get("rectangle", NOTHING))),
        ellipse=OutEllipse(radius) if radius else UNSET,
        circle=UNSET if whole_radius is None else OutCircle(whole_radius),
        text=_or_unset(_out_text(parts.get("text", NOTHING))),
    )


def _or_unset(value: Value | None) -> Value | UnsetType:
    return UNSET if value is None else value


def _number(raw: msgspec.Raw) -> float | None:
    value: float | None = read_drawing(raw, float)
    return value if value is not None and abs(value) <= _MAX_NUMBER else None


def _whole(raw: msgspec.Raw) -> int | None:
    value = _number(raw)
    return None if value is None else whole(value)


def _is_place(position: PositionEntry) -> bool:
    return abs(position.x) <= _MAX_NUMBER and abs(position.y) <= _MAX_NUMBER


def _place(raw: msgspec.Raw) -> OutPosition | None:
    position: PositionEntry | None = read_drawing(raw, PositionEntry)
    return at(position) if position is not None and _is_place(position) else None


def _rectangle(raw: msgspec.Raw) -> OutSize | None:
    sides: _Sides | None = read_drawing(raw, _Sides)
    width, height = (_whole(sides.width), _whole(sides.height)) if sides else (None, None)
    return None if width is None or height is None else OutSize(width, height)


def _out_text(raw: msgspec.Raw) -> OutText | None:
    """Plans of 2019 have a plain string; those in the wild often no position."""
    plain: str | None = read_drawing(raw, str)
    text = _Text(plain) if plain is not None else read_drawing(raw, _Text)
    if text is None:
        return None
    return OutText(
        text.text,
        _place(text.position) or OutPosition(0, 0),
        _or_unset(read_drawing(text.color, str)),
        _or_unset(_whole(text.size)),
    )
