"""Whether a performance can go over to another version of its plan, and where each of its seats is then.

Seats that the new version leaves as they are may be sold, claimed or blocked: their tickets stay, under new indexes.
All others must be free. What is held must also keep its index: holds are in a store of their own and stay untouched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from services.inventory.domain import seat_state
from services.runtime.errors import Kind, Refusal

# A seat that the new version does not have, or has as another one.
GONE = -1
# Of each kind, in words; the lists have more.
_SEATS_NAMED = 3


@dataclass(frozen=True, slots=True)
class PlanInUse(Refusal):
    """Plan version {plan_version} would touch seats that are not free: {seats}."""

    kind = Kind.CONFLICT
    plan_version: int
    held: tuple[str, ...]
    claimed: tuple[str, ...]
    sold: tuple[str, ...]
    blocked: tuple[str, ...]

    def message(self) -> str:
        """What stands in the way, by what it is; of each the first ones and how many more."""
        told = []
        for name, seats in (
            ("held", self.held),
            ("claimed", self.claimed),
            ("sold", self.sold),
            ("blocked", self.blocked),
        ):
            more = len(seats) - _SEATS_NAMED
            named = ", ".join(seats[:_SEATS_NAMED]) + (f" and {more:,} more" if more > 0 else "")
            told += [f"{len(seats):,} {name} ({named})"] if seats else []
        return f"Plan version {self.plan_version} would touch seats that are not free: {'; '.join(told)}."


@dataclass(frozen=True, slots=True)
class PlanNotNewer(Refusal):
    """The performance has plan version {plan_version}, and {asked} is older; import the older plan anew to go back."""

    kind = Kind.PRECONDITION
    plan_version: int
    asked: int


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
        )
    return SeatMoves(moves)
