"""Reads a stock that a house wrote as JSON: all its faults at once, each by the path of its field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import combinations
from typing import Final, TypeVar

import msgspec

from services.paper.qr_code import SMALLEST_BOX_MM
from services.paper.surface import SMALLEST_PT, Box, Ink
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.ticketing.paper.stock import Field, Sheet, Shows, Side, Stock, Stub

MAX_STOCK_BYTES: Final = 64_000
MAX_FIELDS: Final = 64
SMALLEST_MM: Final = 30.0
LARGEST_MM: Final = 500.0
LARGEST_MARGIN_MM: Final = 30.0
LARGEST_PT: Final = 72.0
# A text of the smallest size stands on one line in it.
SMALLEST_HEIGHT_MM: Final = 2.2
SMALLEST_WIDTH_MM: Final = 4.0
MAX_PER_SIDE: Final = 20
# What makes a ticket: one of each.
NEEDED: Final[tuple[tuple[Shows, ...], ...]] = (
    (Shows.QR,),
    (Shows.CODE,),
    (Shows.TITLE,),
    (Shows.WHEN, Shows.DAY),
    (Shows.WHEN, Shows.TIME),
    (Shows.PLACE, Shows.ZONE),
    (Shows.PLACE, Shows.ROW),
    (Shows.PLACE, Shows.SEAT),
    (Shows.PRICE,),
)
# Rounded numbers may touch.
_TOUCH_MM = 0.05
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_ALIGN: Final = {"left": 0.0, "center": 0.5, "right": 1.0}
_VALIGN: Final = {"top": 0.0, "middle": 0.5, "bottom": 1.0}
_DEFAULT_PT = 9.0

_Member = TypeVar("_Member", bound=Enum)


def parsed_stock(field_name: str, source: bytes) -> Stock | FieldInvalid:
    """The stock, or everything that is wrong with it."""
    if not source:
        return FieldInvalid(field_name, UNSET, "a stock as JSON")
    if len(source) > MAX_STOCK_BYTES:
        return FieldInvalid(field_name, f"has {len(source):,} bytes", f"at most {MAX_STOCK_BYTES:,}")
    try:
        content = msgspec.json.decode(source)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return FieldInvalid(field_name, f"is no JSON: {str(error)[:120]}", "an object")
    if not isinstance(content, dict):
        return FieldInvalid(field_name, "is no object", "an object")
    reader = _Reader(field_name, content)
    stock = _stock(reader)
    if not reader.faults:
        reader.faults.extend(_misplaced(field_name, stock))
    return refused_fields(reader.faults) or stock


@dataclass
class _Reader:
    """One object of the JSON. What is wrong is noted, and reading goes on with a value that is not."""

    path: str
    content: Mapping[str, object]
    faults: list[FieldInvalid] = field(default_factory=list)

    def fault(self, name: str, problem: str, limit: str) -> None:
        self.faults.append(FieldInvalid(f"{self.path}.{name}" if name else self.path, problem, limit))

    def only(self, *names: str) -> None:
        """Names that mean nothing are mistakes: a stock with `heigth_mm` would be printed wrong."""
        for name in sorted(self.content.keys() - set(names))[:MAX_FIELDS]:
            self.fault(name[:40], "is unknown", f"one of {', '.join(names)}")

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        value = self.content.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.fault(name, UNSET if value is None else f"is {_shown(value)}", f"{low:g} to {high:g}")
            return low
        return float(value)

    def count(self, name: str, high: int) -> int:
        value = self.content.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= high:
            self.fault(name, UNSET if value is None else f"is {_shown(value)}", f"a whole number, 1 to {high}")
            return 1
        return value

    def flag(self, name: str) -> bool:
        value = self.content.get(name, False)
        if not isinstance(value, bool):
            self.fault(name, f"is {_shown(value)}", "true or false")
        return value is True

    def choice(self, name: str, choices: Iterable[str], default: str | None) -> str:
        names = tuple(choices)
        value = self.content.get(name, default)
        if not isinstance(value, str) or value not in names:
            self.fault(name, UNSET if value is None else f"is {_shown(value)}", f"one of {', '.join(names)}")
            return names[0]
        return value

    def member(self, name: str, kind: type[_Member], default: str | None = None) -> _Member:
        return kind(self.choice(name, (str(each.value) for each in kind), default))

    def object(self, name: str) -> _Reader | None:
        """A part that may be left out."""
        value = self.content.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(name, f"is {_shown(value)}", "an object")
            return None
        return _Reader(f"{self.path}.{name}", value, self.faults)

    def objects(self, name: str, at_most: int) -> list[_Reader]:
        value = self.content.get(name)
        if not isinstance(value, list) or not 1 <= len(value) <= at_most:
            problem = f"has {len(value)}" if isinstance(value, list) else UNSET
            self.fault(name, problem, f"1 to {at_most} objects")
            return []
        found = []
        for index, item in enumerate(value):
            if isinstance(item, dict):
                found.append(_Reader(f"{self.path}.{name}[{index}]", item, self.faults))
            else:
                self.fault(f"{name}[{index}]", f"is {_shown(item)}", "an object")
        return found


def _stock(reader: _Reader) -> Stock:
    reader.only("name", "width_mm", "height_mm", "margin_mm", "stub", "sheet", "fields")
    name = reader.content.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        problem = UNSET if not name else f"is {_shown(name)}"
        reader.fault("name", problem, "1 to 40 of a-z, 0-9 and -, beginning with a letter or digit")
    return Stock(
        name=str(name),
        width_mm=reader.number("width_mm", SMALLEST_MM, LARGEST_MM),
        height_mm=reader.number("height_mm", SMALLEST_MM, LARGEST_MM),
        margin_mm=reader.number("margin_mm", 0, LARGEST_MARGIN_MM),
        fields=tuple(_field(each) for each in reader.objects("fields", MAX_FIELDS)),
        stub=_stub(reader.object("stub")),
        sheet=_sheet(reader.object("sheet")),
    )


def _stub(reader: _Reader | None) -> Stub | None:
    if reader is None:
        return None
    reader.only("side", "size_mm", "drawn")
    return Stub(reader.member("side", Side), reader.number("size_mm", 5, LARGEST_MM), reader.flag("drawn"))


def _sheet(reader: _Reader | None) -> Sheet | None:
    if reader is None:
        return None
    reader.only("width_mm", "height_mm", "columns", "rows")
    return Sheet(
        width_mm=reader.number("width_mm", SMALLEST_MM, LARGEST_MM),
        height_mm=reader.number("height_mm", SMALLEST_MM, LARGEST_MM),
        columns=reader.count("columns", MAX_PER_SIDE),
        rows=reader.count("rows", MAX_PER_SIDE),
    )


def _field(reader: _Reader) -> Field:
    reader.only(
        "shows", "x_mm", "y_mm", "width_mm", "height_mm", "size_pt", "bold", "ink", "align", "valign"
    )  # fmt: skip
    shows = reader.member("shows", Shows)
    smallest = {Shows.QR: (SMALLEST_BOX_MM, SMALLEST_BOX_MM), Shows.BAND: (0.1, 0.1)}
    width, height = smallest.get(shows, (SMALLEST_WIDTH_MM, SMALLEST_HEIGHT_MM))
    box = Box(
        x=reader.number("x_mm", 0, LARGEST_MM),
        y=reader.number("y_mm", 0, LARGEST_MM),
        width=reader.number("width_mm", width, LARGEST_MM),
        height=reader.number("height_mm", height, LARGEST_MM),
    )
    return Field(
        shows=shows,
        box=box,
        size_pt=reader.number("size_pt", SMALLEST_PT, LARGEST_PT, _DEFAULT_PT),
        bold=reader.flag("bold"),
        ink=reader.member("ink", Ink, Ink.TEXT.value),
        across=_ALIGN[reader.choice("align", _ALIGN, "left")],
        down=_VALIGN[reader.choice("valign", _VALIGN, "top")],
    )


def _misplaced(path: str, stock: Stock) -> Iterable[FieldInvalid]:
    """What each field cannot tell alone."""
    shown = {each.shows for each in stock.fields}
    for needed in NEEDED:
        if not shown & set(needed):
            names = " or ".join(each.value for each in needed)
            yield FieldInvalid(f"{path}.fields", f"shows no {names}", "every ticket shows it")
    yield from _sheet_faults(path, stock)
    tear = stock.tear()
    if tear is not None and not (0 < tear[0][0] < stock.width_mm or 0 < tear[0][1] < stock.height_mm):
        yield FieldInvalid(f"{path}.stub.size_mm", "leaves nothing of the ticket", "less than the ticket")
        tear = None
    for index, each in enumerate(stock.fields):
        margin = 0.0 if each.shows is Shows.BAND else stock.margin_mm
        if not _inside(each.box, margin, stock):
            limit = f"{stock.width_mm:g} x {stock.height_mm:g} mm with margins of {margin:g} mm"
            yield FieldInvalid(f"{path}.fields[{index}]", f"({each.shows.value}) leaves the ticket", limit)
        if each.shows is not Shows.BAND and tear is not None and _crosses(each.box, tear):
            yield FieldInvalid(f"{path}.fields[{index}]", f"({each.shows.value}) lies over the tear", "on one side")
    solid = [(index, each) for index, each in enumerate(stock.fields) if each.shows is not Shows.BAND]
    for (first, one), (second, other) in combinations(solid, 2):
        if _overlap(one.box, other.box):
            problem = f"({other.shows.value}) lies over fields[{first}] ({one.shows.value})"
            yield FieldInvalid(f"{path}.fields[{second}]", problem, "apart")


def _sheet_faults(path: str, stock: Stock) -> Iterable[FieldInvalid]:
    if (sheet := stock.sheet) is None:
        return
    sides = (
        ("columns", sheet.columns, stock.width_mm, sheet.width_mm),
        ("rows", sheet.rows, stock.height_mm, sheet.height_mm),
    )
    for name, count, size, room in sides:
        if count * size > room + _TOUCH_MM:
            yield FieldInvalid(f"{path}.sheet.{name}", f"need {count * size:g} mm", f"{room:g} mm")


def _inside(box: Box, margin: float, stock: Stock) -> bool:
    return (
        box.x >= margin - _TOUCH_MM
        and box.y >= margin - _TOUCH_MM
        and box.x + box.width <= stock.width_mm - margin + _TOUCH_MM
        and box.y + box.height <= stock.height_mm - margin + _TOUCH_MM
    )


def _crosses(box: Box, tear: tuple[tuple[float, float], tuple[float, float]]) -> bool:
    (x, y), (other_x, _) = tear
    if x == other_x:
        return box.x + _TOUCH_MM < x < box.x + box.width - _TOUCH_MM
    return box.y + _TOUCH_MM < y < box.y + box.height - _TOUCH_MM


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x + _TOUCH_MM < other.x + other.width
        and other.x + _TOUCH_MM < one.x + one.width
        and one.y + _TOUCH_MM < other.y + other.height
        and other.y + _TOUCH_MM < one.y + one.height
    )


def _shown(value: object) -> str:
    """As JSON, cut."""
    return msgspec.json.encode(value).decode()[:40]
