"""Reads a plan document; one that is not as it should be part by part, so that all of it is told and not the first.

That is slower than reading the whole at once: only what is refused is read so, and the standing areas.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, Union, get_args, get_origin

import msgspec

from services.catalogue.domain.plan_document import (
    LOST_AREA,
    LOST_CATEGORY,
    LOST_ID,
    LOST_LABEL,
    LOST_SEAT,
    NO_SIDECAR,
    ORIGIN,
    SIDECAR_VERSION,
    AreaEntry,
    AreaSide,
    CapacityEntry,
    CategoryEntry,
    LabelSide,
    PlanEntry,
    PositionEntry,
    RowEntry,
    SeatEntry,
    Sidecar,
    ZoneEntry,
    invalid,
    misshapen,
    unpacked,
)
from services.catalogue.domain.seating_plan import PlanInvalid

Kind = TypeVar("Kind", bound=msgspec.Struct)
Found = Callable[[PlanInvalid], None]

_BOM = b"\xef\xbb\xbf"
_DECODER = msgspec.json.Decoder(PlanEntry)
# A document of more values is told its first fault only: each value that is looked at by itself costs memory.
MAX_VALUES = 2_000_000


class _Lost:
    """What could not be read; the fault is told."""


_LOST: Final = _Lost()
# What the rest of the document is checked with where a part could not be read: nothing that is found fault with again.
_FILLED = frozenset({PlanEntry, ZoneEntry, RowEntry, Sidecar})
_FILL: Mapping[Any, Any] = {str: "?", PositionEntry: ORIGIN, int: SIDECAR_VERSION}
_IN_PLACE: Mapping[type, Any] = {
    str: LOST_ID,
    AreaSide: LOST_AREA,
    LabelSide: LOST_LABEL,
    CategoryEntry: LOST_CATEGORY,
    ZoneEntry: ZoneEntry([]),
    RowEntry: RowEntry("?", []),
    SeatEntry: LOST_SEAT,
}


def read_document(plan_json: bytes, found: Found) -> PlanEntry | None:
    """The document; None where nothing can be read. Parts that cannot be are told, and stand-ins are in their place."""
    text = _text("plan_json", plan_json, found)
    if text is None:
        return None
    try:
        return _DECODER.decode(text)
    except RecursionError:
        found(_too_deep("plan_json"))
    except msgspec.ValidationError as error:
        return _mended(text, misshapen(str(error), ""), found)
    except msgspec.DecodeError as error:
        found(invalid("plan_json", f"is not JSON: {error}", "UTF-8 JSON"))
    return None


def read_sidecar(sidecar_json: bytes, found: Found) -> Sidecar:
    """The sidecar, an empty one where there is none. What cannot be read is told, and left out."""
    text = _text("sidecar_json", sidecar_json, found) if sidecar_json else None
    if text is None:
        return NO_SIDECAR
    try:
        if text.count(b",") > MAX_VALUES:
            return msgspec.json.decode(text, type=Sidecar)
        return read_struct(Sidecar, text, "sidecar", found) or NO_SIDECAR
    except RecursionError:
        found(_too_deep("sidecar_json"))
    except msgspec.DecodeError as error:
        found(misshapen(str(error), "sidecar"))
    return NO_SIDECAR


def _text(field: str, sent: bytes, found: Found) -> bytes | None:
    """UTF-8 without its mark, unpacked; None after telling why there is none."""
    unpacking = unpacked(field, sent)
    if isinstance(unpacking, PlanInvalid):
        found(unpacking)
        return None
    try:
        unpacking.decode("utf-8")
    except UnicodeDecodeError as error:
        found(invalid(field, f"is not UTF-8 at byte {error.start:,}", "UTF-8 JSON"))
        return None
    return unpacking.removeprefix(_BOM)


def _too_deep(field: str) -> PlanInvalid:
    return invalid(field, "is nested too deeply", "the depth of a seating plan")


def _mended(plan_json: bytes, first: PlanInvalid, found: Found) -> PlanEntry | None:
    if plan_json.count(b",") > MAX_VALUES:
        found(first)
        return None
    try:
        return read_struct(PlanEntry, plan_json, "", found)
    except RecursionError:
        found(first)
        return None


def read_area(raw: msgspec.Raw, path: str, found: Found) -> AreaEntry | None:
    """A standing area, or None: it has no capacity and is only drawn, or what is wrong with it is told."""
    try:
        if bytes(msgspec.json.decode(raw, type=CapacityEntry).capacity) == b"null":
            return None
    except msgspec.DecodeError:
        return None
    return read_struct(AreaEntry, raw, path, found)


def read_struct(kind: type[Kind], raw: bytes | msgspec.Raw, path: str, found: Found) -> Kind | None:
    """What `raw` says, or None after telling each part of it that is missing or of a wrong shape."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError:
        pass
    try:
        parts = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        found(misshapen(str(error), path))
        return None
    values: dict[str, Any] = {}
    whole = True
    for field in _fields(kind):
        name = f"{path}.{field.name}" if path else field.name
        value = _value(field.type, parts[field.name], name, found) if field.name in parts else _LOST
        if not isinstance(value, _Lost):
            values[field.name] = value
        elif field.required:
            if field.name not in parts:
                found(invalid(name, "is missing"))
            whole = whole and kind in _FILLED
            values[field.name] = _FILL.get(field.type, [])
    return kind(**values) if whole else None


_fields = functools.cache(msgspec.structs.fields)


def _value(kind: Any, raw: msgspec.Raw, path: str, found: Found) -> Any:
    if get_origin(kind) in {types.UnionType, Union}:
        if bytes(raw) == b"null":
            return None
        (kind,) = (one for one in get_args(kind) if one is not types.NoneType)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        read = read_struct(kind, raw, path, found)
        return _LOST if read is None else read
    try:
        if get_origin(kind) is not list:
            return msgspec.json.decode(raw, type=kind)
        items = msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        found(misshapen(str(error), path))
        return _LOST
    (inner,) = get_args(kind)
    if inner is msgspec.Raw:
        return items
    read_items = (_value(inner, item, f"{path}[{index}]", found) for index, item in enumerate(items))
    return [_IN_PLACE[inner] if isinstance(item, _Lost) else item for item in read_items]
