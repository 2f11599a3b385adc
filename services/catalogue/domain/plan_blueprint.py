"""What a house says of a plan that it does not draw: blocks of rows and seats, standing areas; what can be wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from services.catalogue.domain.seating_plan import (
    MAX_AREA_NAME_CHARS,
    MAX_CATEGORIES,
    MAX_PLAN_NAME_CHARS,
    MAX_ROWS,
    MAX_SEATS,
)
from services.contracts.bounds import MAX_CATEGORY_CHARS
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields

MAX_BLOCKS = 100
MAX_STANDING_AREAS = 100
MAX_BLOCK_ROWS = 1_000
MAX_BLOCK_PLACES = 1_000
# Ids of seats are the zone, the row and the number.
MAX_BUILT_ZONE_CHARS = 40
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


class RowLabels(Enum):
    """What rows are called."""

    NUMBERS = "numbers"
    LETTERS = "letters"


class SeatNumbering(Enum):
    """How the seats of a row are numbered, seen from above with the stage at the upper edge."""

    LEFT_TO_RIGHT = "left_to_right"
    RIGHT_TO_LEFT = "right_to_left"
    ODD_LEFT = "odd_left"
    ODD_RIGHT = "odd_right"


@dataclass(frozen=True, slots=True)
class RowRange:
    """Rows that cost the same, both ends included; 0 takes the block's end."""

    category: str
    from_row: int = 0
    to_row: int = 0


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """A place of a block, both counted from 1."""

    row: int
    place: int


@dataclass(frozen=True, slots=True)
class SeatBlock:
    """Rows of equally many places behind each other. None: a value that this version does not know."""

    zone: str
    rows: int
    seats_per_row: int
    categories: tuple[RowRange, ...]
    row_labels: RowLabels | None = RowLabels.NUMBERS
    first_row: int = 1
    seat_numbering: SeatNumbering | None = SeatNumbering.LEFT_TO_RIGHT
    aisles_after_place: frozenset[int] = frozenset()
    aisles_after_row: frozenset[int] = frozenset()
    accessible: tuple[BlockPlace, ...] = ()
    companion: tuple[BlockPlace, ...] = ()
    left_out: tuple[BlockPlace, ...] = ()
    beside_the_last: bool = False


@dataclass(frozen=True, slots=True)
class BuiltArea:
    """Places without numbers."""

    name: str
    capacity: int
    category: str


@dataclass(frozen=True, slots=True)
class PlanBlueprint:
    """A whole plan. Categories are names and colours, a colour may be empty."""

    name: str
    categories: tuple[tuple[str, str], ...]
    blocks: tuple[SeatBlock, ...] = ()
    standing_areas: tuple[BuiltArea, ...] = field(default=())


def refused_blueprint(blueprint: PlanBlueprint) -> FieldInvalid | None:
    """All that is wrong with it, but for companions: the plan itself tells those."""
    return refused_fields(_faults(blueprint))


def _faults(blueprint: PlanBlueprint) -> Iterator[FieldInvalid | None]:
    yield refused_text("name", blueprint.name, at_most=MAX_PLAN_NAME_CHARS)
    yield from _of_categories(blueprint.categories)
    known = {name for name, _ in blueprint.categories}
    if not blueprint.blocks and not blueprint.standing_areas and blueprint.categories:
        yield FieldInvalid("blocks", UNSET, "a block or a standing area")
    for name, count, at_most in (
        ("blocks", len(blueprint.blocks), MAX_BLOCKS),
        ("standing_areas", len(blueprint.standing_areas), MAX_STANDING_AREAS),
    ):
        if count > at_most:
            yield FieldInvalid(name, f"has {count:,}", f"at most {at_most}")
            return
    names: set[str] = set()
    for index, block in enumerate(blueprint.blocks):
        yield from _of_block(f"blocks[{index}]", block, known, names)
    for index, area in enumerate(blueprint.standing_areas):
        yield from _of_area(f"standing_areas[{index}]", area, known, names)
    yield from _of_sums(blueprint)


def _of_categories(categories: Sequence[tuple[str, str]]) -> Iterator[FieldInvalid | None]:
    if not 1 <= len(categories) <= MAX_CATEGORIES:
        problem = f"has {len(categories):,} categories" if categories else UNSET
        yield FieldInvalid("categories", problem, f"1 to {MAX_CATEGORIES} categories")
    seen: set[str] = set()
    for index, (name, color) in enumerate(categories[:MAX_CATEGORIES]):
        path = f"categories[{index}]"
        yield refused_text(f"{path}.name", name, at_most=MAX_CATEGORY_CHARS)
        yield _twice(f"{path}.name", name, seen)
        if color and not _COLOR.fullmatch(color):
            yield FieldInvalid(f"{path}.color", "is no colour", "#RRGGBB, or empty")


def _twice(path: str, name: str, seen: set[str]) -> FieldInvalid | None:
    if name in seen and name:
        return FieldInvalid(path, f"{name[:MAX_CATEGORY_CHARS]!r} is there twice", "unique in the plan")
    seen.add(name)
    return None


def _known(path: str, category: str, known: set[str]) -> FieldInvalid | None:
    if category in known:
        return None
    problem = f"{category[:MAX_CATEGORY_CHARS]!r} is unknown" if category else UNSET
    return FieldInvalid(path, problem, "one of the plan's categories")


def _of_block(path: str, block: SeatBlock, known: set[str], names: set[str]) -> Iterator[FieldInvalid | None]:
    yield refused_text(f"{path}.zone", block.zone, at_most=MAX_BUILT_ZONE_CHARS)
    yield _twice(f"{path}.zone", block.zone, names)
    yield _count(f"{path}.rows", block.rows, MAX_BLOCK_ROWS)
    yield _count(f"{path}.seats_per_row", block.seats_per_row, MAX_BLOCK_PLACES)
    if block.first_row > MAX_ROWS:
        yield FieldInvalid(f"{path}.first_row", f"is {block.first_row:,}", f"0 to {MAX_ROWS:,}")
    if block.row_labels is None:
        yield FieldInvalid(f"{path}.row_labels", "is unknown", ", ".join(one.value for one in RowLabels))
    if block.seat_numbering is None:
        yield FieldInvalid(f"{path}.seat_numbering", "is unknown", ", ".join(one.value for one in SeatNumbering))
    for name, after, at_most in (
        ("aisles_after_place", block.aisles_after_place, block.seats_per_row - 1),
        ("aisles_after_row", block.aisles_after_row, block.rows - 1),
    ):
        wrong = sorted(one for one in after if not 1 <= one <= at_most)
        if wrong:
            yield FieldInvalid(f"{path}.{name}", f"has {wrong[0]}", f"1 to {max(at_most, 0)}")
    yield from _of_ranges(path, block, known)
    yield from _of_places(path, block)


def _count(path: str, value: int, at_most: int) -> FieldInvalid | None:
    if 1 <= value <= at_most:
        return None
    return FieldInvalid(path, f"is {value:,}" if value else UNSET, f"1 to {at_most:,}")


def _of_ranges(path: str, block: SeatBlock, known: set[str]) -> Iterator[FieldInvalid | None]:
    if not block.categories:
        yield FieldInvalid(f"{path}.categories", UNSET, "each row in one of them")
        return
    if len(block.categories) > MAX_BLOCK_ROWS:
        yield FieldInvalid(f"{path}.categories", f"has {len(block.categories):,}", f"at most {MAX_BLOCK_ROWS:,}")
        return
    for index, one in enumerate(block.categories):
        yield _known(f"{path}.categories[{index}].category", one.category, known)
        first, last = one.from_row or 1, one.to_row or block.rows
        if not 1 <= first <= last <= block.rows and block.rows:
            problem = f"goes from row {first} to row {last}"
            yield FieldInvalid(f"{path}.categories[{index}]", problem, f"within 1 to {block.rows}")
    if block.rows <= MAX_BLOCK_ROWS:
        covered = {row for one in block.categories for row in rows_of(one, block)}
        missing = next((row for row in range(1, block.rows + 1) if row not in covered), None)
        if missing is not None:
            yield FieldInvalid(f"{path}.categories", f"has nothing for row {missing}", "each row in one of them")


def rows_of(one: RowRange, block: SeatBlock) -> range:
    """The rows of a range, as far as the block has them."""
    return range(one.from_row or 1, min(one.to_row or block.rows, block.rows) + 1)


def _of_places(path: str, block: SeatBlock) -> Iterator[FieldInvalid | None]:
    left_out = set(block.left_out)
    for name, places in (
        ("accessible", block.accessible),
        ("companion", block.companion),
        ("left_out", block.left_out),
    ):
        if len(places) > MAX_SEATS:
            yield FieldInvalid(f"{path}.{name}", f"has {len(places):,}", f"at most {MAX_SEATS:,}")
            continue
        seen: set[BlockPlace] = set()
        for index, place in enumerate(places):
            at = f"{path}.{name}[{index}]"
            yield _in_block(f"{at}.row", place.row, block.rows)
            yield _in_block(f"{at}.place", place.place, block.seats_per_row)
            if place in seen:
                yield FieldInvalid(at, "is there twice", "each place once")
            seen.add(place)
            if name != "left_out" and place in left_out:
                yield FieldInvalid(at, "is left out", "a place with a seat")


def _in_block(path: str, value: int, at_most: int) -> FieldInvalid | None:
    if 1 <= value <= at_most:
        return None
    return FieldInvalid(path, f"is {value:,}" if value else UNSET, f"1 to {at_most:,}")


def _of_area(path: str, area: BuiltArea, known: set[str], names: set[str]) -> Iterator[FieldInvalid | None]:
    yield refused_text(f"{path}.name", area.name, at_most=MAX_AREA_NAME_CHARS)
    yield _twice(f"{path}.name", area.name, names)
    yield _count(f"{path}.capacity", area.capacity, MAX_SEATS)
    yield _known(f"{path}.category", area.category, known)


def _of_sums(blueprint: PlanBlueprint) -> Iterator[FieldInvalid]:
    seats = sum(block.rows * block.seats_per_row - len(set(block.left_out)) for block in blueprint.blocks)
    places = seats + sum(area.capacity for area in blueprint.standing_areas)
    rows = sum(block.rows for block in blueprint.blocks)
    if places > MAX_SEATS:
        yield FieldInvalid("blocks", f"has {places:,} places with the standing areas", f"at most {MAX_SEATS:,}")
    if rows > MAX_ROWS:
        yield FieldInvalid("blocks", f"has {rows:,} rows", f"at most {MAX_ROWS:,}")
    for index, block in enumerate(blueprint.blocks):
        if 0 < block.rows * block.seats_per_row <= len(set(block.left_out)):
            yield FieldInvalid(f"blocks[{index}].left_out", "leaves no seat", "at least one seat")
