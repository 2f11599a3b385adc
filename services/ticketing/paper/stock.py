"""What tickets are printed on: the size of the paper, its stub, and where everything stands, as data.

All that a stock promises is checked where it is read: fields lie inside the margins, none over another or a tear.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from services.paper.surface import Box, Ink


class Shows(Enum):
    """What stands in a field of a ticket."""

    LOGO = "logo"
    HOUSE = "house"
    ADDRESS = "address"
    TITLE = "title"
    SUBTITLE = "subtitle"
    DAY = "day"
    TIME = "time"
    WHEN = "when"
    DOORS = "doors"
    HALL = "hall"
    ZONE = "zone"
    ROW = "row"
    SEAT = "seat"
    PLACE = "place"
    PRICE = "price"
    TICKET_TYPE = "ticket_type"
    ORIGIN = "origin"
    NAME = "name"  # of whom it was issued to; empty on an office's
    CODE = "code"
    CONDITIONS = "conditions"
    QR = "qr"
    BAND = "band"  # a box of colour, under everything


class Side(Enum):
    """Where the stub is torn off."""

    LEFT = "left"
    RIGHT = "right"
    TOP = "top"
    BOTTOM = "bottom"


@dataclass(frozen=True, slots=True)
class Field:
    """A box and what stands in it. `across` and `down` are 0 to 1: left to right, top to bottom."""

    shows: Shows
    box: Box
    size_pt: float
    bold: bool
    ink: Ink
    across: float
    down: float


@dataclass(frozen=True, slots=True)
class Stub:
    """The part that is torn off. `is_drawn`: as a dashed line, where the paper has no perforation of its own."""

    side: Side
    size_mm: float
    is_drawn: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """Paper that takes several tickets, cut along dashed lines."""

    width_mm: float
    height_mm: float
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class Stock:
    """One ticket's paper, from its upper left corner. `sheet` None: one ticket a page."""

    name: str
    width_mm: float
    height_mm: float
    margin_mm: float
    fields: tuple[Field, ...]
    stub: Stub | None = None
    sheet: Sheet | None = None

    def page(self) -> tuple[float, float]:
        """Millimetres of a page, across and down."""
        return (self.sheet.width_mm, self.sheet.height_mm) if self.sheet else (self.width_mm, self.height_mm)

    def corners(self) -> tuple[tuple[float, float], ...]:
        """The upper left corner of each ticket on a page."""
        if self.sheet is None:
            return ((0.0, 0.0),)
        left = (self.sheet.width_mm - self.sheet.columns * self.width_mm) / 2
        top = (self.sheet.height_mm - self.sheet.rows * self.height_mm) / 2
        return tuple(
            (left + column * self.width_mm, top + row * self.height_mm)
            for row in range(self.sheet.rows)
            for column in range(self.sheet.columns)
        )

    def cuts(self) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
        """Where a sheet is cut: between tickets, and around them where the sheet is larger."""
        if self.sheet is None:
            return
        left, top = self.corners()[0]
        for row in range(self.sheet.rows + 1):
            y = top + row * self.height_mm
            if 0.5 < y < self.sheet.height_mm - 0.5:
                yield (0.0, y), (self.sheet.width_mm, y)
        for column in range(self.sheet.columns + 1):
            x = left + column * self.width_mm
            if 0.5 < x < self.sheet.width_mm - 0.5:
                yield (x, 0.0), (x, self.sheet.height_mm)

    def tear(self) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """The line between ticket and stub."""
        if self.stub is None:
            return None
        size = self.stub.size_mm
        match self.stub.side:
            case Side.LEFT | Side.RIGHT:
                x = size if self.stub.side is Side.LEFT else self.width_mm - size
                return (x, 0.0), (x, self.height_mm)
            case Side.TOP | Side.BOTTOM:
                y = size if self.stub.side is Side.TOP else self.height_mm - size
                return (0.0, y), (self.width_mm, y)
