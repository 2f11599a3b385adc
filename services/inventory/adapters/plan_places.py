"""The places of a plan as one compressed blob: names once, columns of numbers."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec

from services.inventory.domain.seat_layout import SeatLayout, SeatPlace, lay_out


class _Places(msgspec.Struct, array_like=True, frozen=True):
    names: tuple[str, ...]
    zones: tuple[int, ...]
    rows: tuple[int, ...]
    categories: tuple[int, ...]
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    accessible: tuple[int, ...]
    standing: tuple[int, ...]
    focal_point: tuple[float, float] | None
    # Categories of the plan that no seat has.
    seatless: tuple[str, ...] = ()


def pack_places(
    places: Sequence[SeatPlace], focal_point: tuple[float, float] | None, categories: Sequence[str] = ()
) -> bytes:
    """The blob of places in the plan's order; `categories` are all of the plan's."""
    number_of: dict[str, int] = {}

    def number(name: str) -> int:
        return number_of.setdefault(name, len(number_of))

    seated = {place.category for place in places}
    packed = _Places(
        zones=tuple(number(place.zone) for place in places),
        rows=tuple(number(place.row) for place in places),
        categories=tuple(number(place.category) for place in places),
        xs=tuple(place.x for place in places),
        ys=tuple(place.y for place in places),
        accessible=tuple(seat for seat, place in enumerate(places) if place.accessible),
        standing=tuple(seat for seat, place in enumerate(places) if place.standing),
        focal_point=focal_point,
        names=tuple(number_of),
        seatless=tuple(dict.fromkeys(name for name in categories if name not in seated)),
    )
    return zlib.compress(msgspec.msgpack.encode(packed), 1)


def unpack_layout(blob: bytes) -> SeatLayout:
    """The layout out of the blob."""
    packed = msgspec.msgpack.decode(zlib.decompress(blob), type=_Places)
    names, accessible, standing = packed.names, set(packed.accessible), set(packed.standing)
    columns = zip(packed.zones, packed.rows, packed.categories, packed.xs, packed.ys, strict=True)
    places = [
        SeatPlace(names[zone], names[row], names[category], x, y, seat in accessible, seat in standing)
        for seat, (zone, row, category, x, y) in enumerate(columns)
    ]
    return lay_out(places, packed.focal_point, packed.seatless)
