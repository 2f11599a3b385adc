"""Reseat: tickets move to other seats of their category, at what is left of the price that was paid. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from services.orders.domain.order import Money, Order, OrderLine
from services.orders.domain.pricing import PlanSeat
from services.orders.domain.refund_books import Cell, cells_of, meant_cells
from services.orders.domain.refunds import LineRef
from services.orders.domain.refusals import SeatUnknown
from services.runtime.errors import FieldInvalid, Refusal, refused_fields


def reseated(
    old: Order, given: Sequence[LineRef], wanted: Sequence[str], plan: tuple[int, Mapping[str, PlanSeat]], field: str
) -> tuple[OrderLine, ...] | Refusal:
    """A line for each wanted seat of a performance: the first is the first given line's, and so on.

    Ticket type, discount and price are that line's; what has gone back of it, or is owed, is not paid again.
    `plan`: its version and its seats. `field`: in front of the fields of the part where they are named.
    """
    version, seats = plan
    if len(given) != len(wanted):
        limit = f"{len(given)}, as many as lines of the performance are given"
        return FieldInvalid(f"{field}seats", f"has {len(wanted)}", limit)
    if unknown := tuple(seat_id for seat_id in wanted if seat_id not in seats):
        return SeatUnknown(unknown, version)
    lines = {LineRef(part.performance_id, line.seat_id): line for part in old.parts for line in part.lines}
    moved = [lines[one] for one in given]
    if fault := refused_fields(_other_categories(moved, wanted, seats, field)):
        return fault
    cells = cells_of(old, with_due=True)
    return tuple(
        replace(_left(line, meant_cells(cells, (ref,), ())), seat_id=seat_id, seat_name=seats[seat_id].name)
        for ref, line, seat_id in zip(given, moved, wanted, strict=True)
    )


def _other_categories(
    moved: Iterable[OrderLine], wanted: Iterable[str], seats: Mapping[str, PlanSeat], field: str
) -> Iterator[FieldInvalid]:
    for place, (line, seat_id) in enumerate(zip(moved, wanted, strict=True)):
        category = seats[seat_id].category
        if category != line.category:
            limit = f"{line.category}, as seat {line.seat_id} that it is instead of"
            yield FieldInvalid(f"{field}seats[{place}].seat_id", f"is in category {category}", limit)


def _left(line: OrderLine, cells: Sequence[Cell]) -> OrderLine:
    """The line at what is left of its price, and of the tax in that."""
    components = tuple(
        replace(
            one,
            amount_minor=cell.left_minor,
            vat=replace(one.vat, amount_minor=one.vat.amount_minor - cell.vat_back_minor),
        )
        for one, cell in zip(line.made_of, cells, strict=True)
    )
    vat_minor = sum(one.vat.amount_minor for one in components)
    return replace(
        line,
        price=Money(sum(one.amount_minor for one in components), line.price.currency),
        # Without a class it is of several, or of none.
        vat=replace(line.vat, amount_minor=vat_minor) if line.vat.vat_class else line.vat,
        components=components if line.components else (),
    )
