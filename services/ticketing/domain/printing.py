"""Which seats of an allotment a print is for (R1.14): those that have no ticket yet, or those that are named."""

from __future__ import annotations

from collections.abc import Sequence, Set

from services.runtime.errors import Refusal
from services.ticketing.domain.allotment import PRINTED, Allotment
from services.ticketing.domain.refusals import AllotmentClosed, AllotmentNotPrinted, NothingToPrint, SeatsNotAllotted


def seats_to_print(
    allotment: Allotment, named: Sequence[str], printed: Set[str], left: Set[str]
) -> tuple[str, ...] | Refusal:
    """In the plan's order. `printed` have a valid ticket; `left` are out of it by now, later than it was asked for."""
    if allotment.kind not in PRINTED:
        return AllotmentNotPrinted(allotment.allotment_id, allotment.kind.value)
    if allotment.closed_at_ms is not None:
        return AllotmentClosed(allotment.allotment_id)
    if named:
        foreign = tuple(seat for seat in named if seat in left or seat not in set(allotment.seats))
        if foreign:
            return SeatsNotAllotted(allotment.allotment_id, foreign)
        wanted = set(named)
        return tuple(seat for seat in allotment.seats if seat in wanted)
    seats = tuple(seat for seat in allotment.open_seats if seat not in printed and seat not in left)
    return seats or NothingToPrint(allotment.allotment_id, len(allotment.open_seats))
