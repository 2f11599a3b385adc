"""Builds the seat map of a new owner out of the two stores. The record wins over the holds (RULE 7)."""

from __future__ import annotations

from collections.abc import Iterable

from services.inventory.domain import seat_state
from services.inventory.domain.changes import SeatsHeld, apply_to_holds
from services.inventory.domain.recorded import PerformanceRecord
from services.inventory.domain.records import BlockKind, Hold, HoldRules
from services.inventory.domain.seat_layout import SeatLayout
from services.inventory.domain.seat_map import SeatMap
from services.inventory.domain.seat_views import not_free_to


def restore(
    capacity: int,
    rules: HoldRules,
    record: PerformanceRecord,
    holds: Iterable[Hold],
    layout: SeatLayout | None = None,
    ended: Iterable[str] = (),
) -> tuple[SeatMap, list[str]]:
    """The seat map, and the ids of holds that contradict the record or one another and must be forgotten."""
    seat_map = SeatMap(capacity, rules, layout)
    seat_map.block(record.blocked, BlockKind.HARD)
    seat_map.block(record.softly_blocked, BlockKind.SOFT)
    for claim in record.claims:
        seat_map.mark(claim.seats, seat_state.SOLD if claim.sold else seat_state.CLAIMED)
        seat_map.put_claim(claim)
    for allotment in record.allotments:
        seat_map.restore_allotment(allotment)
    for step in record.steps:
        seat_map.restore_step(step)
    for reservation in record.reservations:
        seat_map.restore_reservation(reservation)
    for order_id in record.given_back:
        seat_map.give_back(order_id)
    for hold_id in ended:
        seat_map.remember_ended(hold_id)
    stale: list[str] = []
    # Oldest first, so that of two contradicting holds the same one always wins.
    for hold in sorted(holds, key=lambda hold: (hold.acquired_ms, hold.hold_id)):
        exist = all(0 <= seat < capacity for seat in hold.seats)
        if exist and not_free_to(hold.channel, seat_map, hold.seats) is None:
            apply_to_holds(seat_map, SeatsHeld(hold))
        else:
            stale.append(hold.hold_id)
            seat_map.remember_ended(hold.hold_id)
    return seat_map, stale
