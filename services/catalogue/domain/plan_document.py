"""The seating plan document as pretix's plan editor writes it, its limits, and its decoding. No rule is checked here.

What Balcon reads beyond that format (docs/seating-plans.md): `accessible`, `companion`, `focal_point`, the `capacity`
of areas, and the sidecar that says the same beside a document.
"""

from __future__ import annotations

import re
import zlib

import msgspec

from services.catalogue.domain.seating_plan import (
    MAX_AREAS,
    MAX_CATEGORIES,
    MAX_LABEL_CHARS,
    MAX_PLAN_BYTES,
    MAX_POSITION,
    MAX_ROWS,
    MAX_SEATS,
    MAX_UNPACKED_BYTES,
    MAX_ZONES,
    PlanInvalid,
)
from services.contracts.bounds import MAX_CATEGORY_CHARS, MAX_NUMBER_CHARS, MAX_SEAT_ID_CHARS, MAX_ZONE_CHARS
from services.contracts.texts import text_limit
from services.runtime.errors import UNSET

_AT = re.compile(r"^(?P<problem>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<name>\w+)`")

SIDECAR_VERSION = 1
_GZIP = b"\x1f\x8b"
_GZIP_BITS = 31
_POSITION_LIMIT = f"a number from -{MAX_POSITION:,} to {MAX_POSITION:,}"
# By the last name of a field's path.
_LIMITS = {
    "plan_json": "a JSON object",
    "sidecar": "a JSON object",
    "name": text_limit(1, MAX_CATEGORY_CHARS),
    "zone_id": text_limit(0, MAX_ZONE_CHARS),
    "category": "the name of one of the plan's categories",
    "seat_guid": text_limit(1, MAX_SEAT_ID_CHARS) + ", unique in the plan",
    "seat_number": text_limit(0, MAX_NUMBER_CHARS),
    "row_label": text_limit(0, MAX_LABEL_CHARS),
    "seat_label": text_limit(0, MAX_LABEL_CHARS),
    "row_number": text_limit(0, MAX_NUMBER_CHARS),
    "position": "an object with x and y",
    "x": _POSITION_LIMIT,
    "y": _POSITION_LIMIT,
    "width": f"a number from 0 to {MAX_POSITION:,}",
    "height": f"a number from 0 to {MAX_POSITION:,}",
    "categories": f"1 to {MAX_CATEGORIES:,} categories",
    "zones": f"1 to {MAX_ZONES:,} zones with 1 to {MAX_SEATS:,} seats",
    "accessible": "true or false",
    "companion": "true or false",
    "seat_labels": "objects with seat_guid and label",
    "label": text_limit(1, MAX_LABEL_CHARS),
    "uuid": "the uuid of one area of the plan",
    "version": f"{SIDECAR_VERSION}",
    "size": "an object with width and height",
    "areas": f"at most {MAX_AREAS:,} areas in the plan",
    "capacity": f"1 to {MAX_SEATS:,} places",
    "rectangle": "an object with width and height",
    "focal_point": "an object with x and y",
    "rows": f"at most {MAX_ROWS:,} rows in the plan",
    "seats": f"at most {MAX_SEATS:,} seats in the plan",
}
_OF_SIDECAR = {
    "accessible": "the seat_guids of seats",
    "companion": "the seat_guids of seats",
    "areas": "objects with uuid, name, capacity and category",
}


# The document as the editor writes it. Keys that are not named here are skipped without being built, so that a
# document of 10 MB cannot cost a hundred times its size; so are values that are only drawn (Raw), whatever they are.
class PositionEntry(msgspec.Struct, frozen=True, gc=False):
    x: float
    y: float


ORIGIN = PositionEntry(0.0, 0.0)
NOTHING = msgspec.Raw(b"null")


class SeatEntry(msgspec.Struct, frozen=True, gc=False):
    seat_guid: str
    seat_number: str
    position: PositionEntry
    category: str
    accessible: bool | None = None
    companion: bool | None = None
    seat_label: str | None = None


class RowEntry(msgspec.Struct, frozen=True, gc=False):
    row_number: str
    seats: list[SeatEntry]
    position: PositionEntry = ORIGIN
    row_number_position: msgspec.Raw = msgspec.Raw(b'"both"')
    # `%s` in them stands for the row's number and the seat's.
    row_label: str | None = None
    seat_label: str | None = None


class SizeEntry(msgspec.Struct, frozen=True, gc=False):
    width: float
    height: float


class CapacityEntry(msgspec.Struct, frozen=True, gc=False):
    """What makes a drawn area a standing area."""

    capacity: msgspec.Raw = NOTHING


class AreaEntry(msgspec.Struct, frozen=True, gc=False):
    """A standing area. Others are only drawn, and stay Raw."""

    capacity: int
    category: str | None = None
    name: str | None = None
    text: msgspec.Raw = NOTHING
    position: PositionEntry | None = None
    rectangle: SizeEntry | None = None


class ZoneEntry(msgspec.Struct, frozen=True, gc=False):
    rows: list[RowEntry]
    areas: list[msgspec.Raw] | None = None
    position: PositionEntry = ORIGIN
    name: str = ""
    zone_id: str = ""


class CategoryEntry(msgspec.Struct, frozen=True, gc=False):
    name: str
    color: msgspec.Raw = NOTHING
    accessible: bool | None = None


class PlanEntry(msgspec.Struct, frozen=True, gc=False):
    name: str
    categories: list[CategoryEntry]
    zones: list[ZoneEntry]
    size: msgspec.Raw = NOTHING
    focal_point: PositionEntry | None = None


class AreaSide(msgspec.Struct, frozen=True, omit_defaults=True):
    """Makes a standing area of the area with that uuid. `rectangle`: its size where that is no whole number."""

    uuid: str
    name: str
    capacity: int
    category: str
    rectangle: SizeEntry | None = None


class LabelSide(msgspec.Struct, frozen=True, gc=False):
    """What people read in place of a seat's number, which stands where the label has `%s`."""

    seat_guid: str
    label: str


class Sidecar(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the editor's format cannot say, in a file of its own. Seats are named by their seat_guid."""

    version: int
    accessible: list[str] = []
    companion: list[str] = []
    seat_labels: list[LabelSide] = []
    areas: list[AreaSide] = []
    focal_point: PositionEntry | None = None
    # Of the drawing, where that is no whole number.
    size: SizeEntry | None = None


NO_SIDECAR = Sidecar(SIDECAR_VERSION)

# In the place of what could not be read, so that the places of the others stay what they are.
LOST_SEAT = SeatEntry("", "", ORIGIN, "")
LOST_CATEGORY = CategoryEntry("")
LOST_AREA = AreaSide("", "", 0, "")
LOST_LABEL = LabelSide("", "")
# Longer than any id.
LOST_ID = "?" * (MAX_SEAT_ID_CHARS + 1)


def refused_size(plan_bytes: int, sidecar_bytes: int = 0) -> PlanInvalid | None:
    """The refusal for no document or one that with its sidecar has more than MAX_PLAN_BYTES as sent, else None."""
    size_bytes = plan_bytes + sidecar_bytes
    if plan_bytes and size_bytes <= MAX_PLAN_BYTES:
        return None
    problem = f"has {size_bytes:,} bytes" if plan_bytes else UNSET
    return PlanInvalid("plan_json", problem, f"{MAX_PLAN_BYTES:,} bytes, a sidecar included; gzip is read too")


def unpacked(field: str, sent: bytes) -> bytes | PlanInvalid:
    """What was sent, or what gzip makes of it: 100,000 seats as the editor saves them do not fit into a message."""
    if not sent.startswith(_GZIP):
        return sent
    unpacking = zlib.decompressobj(_GZIP_BITS)
    try:
        document = unpacking.decompress(sent, MAX_UNPACKED_BYTES)
    except zlib.error:
        return invalid(field, "is damaged gzip", "JSON, or gzip of it")
    if unpacking.unconsumed_tail:
        return invalid(field, "is larger once it is unpacked", f"{MAX_UNPACKED_BYTES:,} bytes unpacked")
    if not unpacking.eof or unpacking.unused_data:
        return invalid(field, "is gzip that is cut short or goes on", "JSON, or gzip of it")
    return document


def invalid(field: str, problem: str, limit: str | None = None) -> PlanInvalid:
    name = field.rpartition(".")[2].partition("[")[0]
    of_sidecar = _OF_SIDECAR.get(name) if field.startswith("sidecar.") else None
    return PlanInvalid(field, problem, limit or of_sidecar or _LIMITS[name])


def misshapen(message: str, within: str) -> PlanInvalid:
    """msgspec's words with our path: Expected `str`, got `int` - at `$.zones[0].name`."""
    found = _AT.match(message)
    problem, path = (found["problem"], found["path"] or "") if found else (message, "")
    path = f"{within}.{path}".strip(".")
    if missing := _MISSING.search(problem):
        return invalid(f"{path}.{missing['name']}".lstrip("."), "is missing")
    return invalid(path or "plan_json", f"is not as it should be: {problem[:1].lower()}{problem[1:]}")
