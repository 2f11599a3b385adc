"""Which seats two versions of a plan have both, and not as the same seat."""

from __future__ import annotations

from services.catalogue.domain.seating_plan import Seat, SeatingPlan


def changed_seats(before: SeatingPlan, after: SeatingPlan) -> tuple[str, ...]:
    """Seats whose zone, row, number, category, labels or marks differ. Where they are drawn is nobody's ticket."""
    known = {seat.seat_id: _meaning(seat) for seat in before.seats}
    return tuple(seat.seat_id for seat in after.seats if known.get(seat.seat_id, _meaning(seat)) != _meaning(seat))


def _meaning(seat: Seat) -> tuple[object, ...]:
    return (
        seat.zone,
        seat.row,
        seat.number,
        seat.category,
        seat.accessible,
        seat.standing,
        seat.row_label,
        seat.seat_label,
        seat.companion,
    )
