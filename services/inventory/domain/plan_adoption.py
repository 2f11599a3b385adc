"""Whether a performance can go over to another version of its plan, and where each of its seats is then.

Seats that the new version leaves as they are keep what they have, under new indexes; all others must be free. What is
held must keep its index too: holds are in a store of their own and stay untouched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from services.contracts.plan_changes import PlanInUse
from services.inventory.domain import seat_state

# A seat that the new version does not have, or has as another one.
GONE = -1


@dataclass(frozen=True, slots=True)
class SeatMoves:
    """By the old index, the new one or GONE."""

    new_index: tuple[int, ...]


def decide_adoption(
    plan_version: int,
    seat_ids: Sequence[str],
    new_index_of: Mapping[str, int],
    changed: Collection[str],
    statuses: Sequence[int],
) -> SeatMoves | PlanInUse:
    """`seat_ids` and `statuses` are the old plan's; `changed`: seats that both have and that are not the same."""
    moves = tuple(GONE if seat_id in changed else new_index_of.get(seat_id, GONE) for seat_id in seat_ids)
    in_the_way: dict[int, list[str]] = {
        seat_state.HELD: [],
        seat_state.CLAIMED: [],
        seat_state.SOLD: [],
        seat_state.BLOCKED: [],
        seat_state.RESERVED: [],
        seat_state.ALLOTTED: [],
        seat_state.REPORTED_SOLD: [],
    }
    for index, (status, moved) in enumerate(zip(statuses, moves, strict=True)):
        if status == seat_state.FREE:
            continue
        if moved == GONE or (status == seat_state.HELD and moved != index):
            in_the_way[status].append(seat_ids[index])
    if any(in_the_way.values()):
        return PlanInUse(
            plan_version,
            tuple(in_the_way[seat_state.HELD]),
            tuple(in_the_way[seat_state.CLAIMED]),
            tuple(in_the_way[seat_state.SOLD]),
            tuple(in_the_way[seat_state.BLOCKED]),
            tuple(in_the_way[seat_state.RESERVED]),
            tuple(in_the_way[seat_state.ALLOTTED] + in_the_way[seat_state.REPORTED_SOLD]),
        )
    return SeatMoves(moves)
