"""What a plan document says of its drawing only. Whatever stands there, it never keeps a hall from being imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from services.catalogue.domain.plan_document import NOTHING, SizeEntry
from services.catalogue.domain.seating_plan import MAX_POSITION, RowNumberPosition

DEFAULT_COLOR = "#7F7F7F"
# As CSS writes colours; what it says of transparency is left out.
_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})")
_NAMED: Mapping[str, str] = {
    "aqua": "#00FFFF",
    "black": "#000000",
    "blue": "#0000FF",
    "fuchsia": "#FF00FF",
    "gray": "#808080",
    "green": "#008000",
    "grey": "#808080",
    "lime": "#00FF00",
    "maroon": "#800000",
    "navy": "#000080",
    "olive": "#808000",
    "orange": "#FFA500",
    "purple": "#800080",
    "red": "#FF0000",
    "silver": "#C0C0C0",
    "teal": "#008080",
    "white": "#FFFFFF",
    "yellow": "#FFFF00",
}
_NUMBER_POSITIONS: Mapping[Any, RowNumberPosition] = {
    "both": "both",
    "start": "start",
    "left": "start",
    "end": "end",
    "right": "end",
    "none": "none",
    "": "none",
    None: "none",
}


class _Text(msgspec.Struct, frozen=True):
    text: str | None = None


class _Area(msgspec.Struct, frozen=True):
    uuid: msgspec.Raw = NOTHING


def read_drawing(raw: msgspec.Raw, kind: Any) -> Any:
    """The value, or None where it is of another kind."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None


def color(raw: msgspec.Raw) -> str:
    """#RRGGBB, grey where it says nothing that is understood."""
    written = read_drawing(raw, str) or ""
    if not _COLOR.fullmatch(written):
        return _NAMED.get(written.strip().lower(), DEFAULT_COLOR)
    digits = written[1:].upper()
    return f"#{digits[:6]}" if len(digits) > 4 else "#" + "".join(digit * 2 for digit in digits[:3])


def number_position(raw: msgspec.Raw) -> RowNumberPosition:
    """Where a row's number is drawn, both sides where it says nothing that is understood."""
    written = read_drawing(raw, str | None)
    if written is None and bytes(raw) != b"null":
        return "both"
    return _NUMBER_POSITIONS.get(written, "both")


def size(raw: msgspec.Raw) -> SizeEntry:
    """The drawing's own, 0 where it says nothing that can be."""
    read: SizeEntry | None = read_drawing(raw, SizeEntry)
    if read is None or not (0 <= read.width <= MAX_POSITION and 0 <= read.height <= MAX_POSITION):
        return SizeEntry(0.0, 0.0)
    return read


def area_text(raw: msgspec.Raw) -> str:
    """The text drawn on an area: an object's, or a plain string as plans of 2019 have it."""
    plain: str | None = read_drawing(raw, str)
    if plain is not None:
        return plain
    read: _Text | None = read_drawing(raw, _Text)
    return read.text or "" if read else ""


def area_uuid(raw: msgspec.Raw) -> str:
    """What the editor knows an area by; empty where it has none."""
    read: _Area | None = read_drawing(raw, _Area)
    return (read_drawing(read.uuid, str) or "") if read else ""
