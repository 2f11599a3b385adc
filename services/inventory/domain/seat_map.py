"""The seats of one performance as decided. `apply` is the only writer, of the map and of drafts on it.

The map runs ahead of the stores by the turn that is being appended. There is no way back: an owner whose append fails
throws the whole map away.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol, assert_never

from services.inventory.domain import seat_state
from services.inventory.domain.changes import (
    Change,
    ClaimCancelled,
    ClaimConfirmed,
    HoldExpired,
    HoldExtended,
    HoldMoved,
    HoldReleased,
    HoldRulesChanged,
    SaleCancelled,
    SeatsBlocked,
    SeatsClaimed,
    SeatsHeld,
    SeatsUnblocked,
)
from services.inventory.domain.free_seats import FreeSeats, FreeView
from services.inventory.domain.records import Claim, Hold, HoldRules
from services.inventory.domain.seat_layout import SeatLayout, one_row

# How many ended holds are remembered, here and in the holds' store, so that a late copy of their first command is
# refused and not obeyed: the last minutes of the busiest hall, days of others.
ENDED_HOLDS_REMEMBERED = 20_000


class SeatView(Protocol):
    """What decide() may look at."""

    @property
    def rules(self) -> HoldRules:
        """How holds behave."""
        ...

    def status(self, seat: int) -> int:
        """One of seat_state.STATES."""
        ...

    def are_free(self, seats: Sequence[int]) -> bool:
        """Whether all of them are free."""
        ...

    def hold(self, hold_id: str) -> Hold | None:
        """The living hold of that id."""
        ...

    def claim(self, order_id: str) -> Claim | None:
        """The active claim or sale of that order."""
        ...

    def seats_of(self, holder_id: str) -> int:
        """Seats the holder has on hold or under claim."""
        ...

    def has_ended(self, hold_id: str) -> bool:
        """Whether a hold of that id lived and ended, as far as is remembered."""
        ...

    def was_given_back(self, order_id: str) -> bool:
        """Whether the order claimed seats without a hold and that claim has ended."""
        ...

    @property
    def free(self) -> FreeView:
        """The free seats by where they stand."""
        ...


class SeatWriter(Protocol):
    """What apply() may write to."""

    def mark(self, seats: Sequence[int], status: int) -> None:
        """Sets the status of seats."""
        ...

    def add_hold(self, hold: Hold) -> None:
        """Takes free seats for a new hold, all at once: what the hot path does most."""
        ...

    def put_hold(self, hold: Hold) -> None:
        """Adds or replaces a hold."""
        ...

    def end_hold(self, hold_id: str) -> None:
        """Removes a hold and remembers that it was."""
        ...

    def put_claim(self, claim: Claim) -> None:
        """Adds or replaces a claim."""
        ...

    def drop_claim(self, order_id: str) -> None:
        """Removes a claim."""
        ...

    def give_back(self, order_id: str) -> None:
        """Remembers that the order's claim without a hold has ended."""
        ...

    def count_for(self, holder_id: str, seats: int) -> None:
        """Adds to (or takes from) the seats of a holder."""
        ...

    def change_rules(self, rules: HoldRules) -> None:
        """From here on these."""
        ...


class SeatMap:
    """Statuses by seat index, living holds by id, active claims by order."""

    __slots__ = (
        "_ended",
        "_free",
        "_given_back",
        "_layout",
        "_marked",
        "_seats_of",
        "claims",
        "holds",
        "rules",
        "statuses",
    )

    def __init__(self, capacity: int, rules: HoldRules, layout: SeatLayout | None = None) -> None:
        self.rules = rules
        self._layout = layout
        # Made when first asked for, kept true from then on.
        self._free: FreeSeats | None = None
        self.statuses = bytearray([seat_state.FREE]) * capacity
        self.holds: dict[str, Hold] = {}
        self.claims: dict[str, Claim] = {}
        self._seats_of: dict[str, int] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        # Few: money that came late, and went back.
        self._given_back: set[str] = set()
        self._marked: list[int] = []

    @property
    def capacity(self) -> int:
        """Seats of the plan."""
        return len(self.statuses)

    def counts(self) -> tuple[int, ...]:
        """Seats by state, in the order of seat_state.STATES."""
        return seat_state.counted(self.statuses)

    @property
    def free(self) -> FreeSeats:
        """See SeatView. A hall without a layout is one row."""
        if self._free is None:
            self._free = FreeSeats(self._layout or one_row(self.capacity), self.statuses)
        return self._free

    def status(self, seat: int) -> int:
        """See SeatView."""
        return self.statuses[seat]

    def are_free(self, seats: Sequence[int]) -> bool:
        """See SeatView."""
        statuses = self.statuses
        for seat in seats:  # noqa: SIM110 (a generator for all() costs more than the seats of a hold)
            if statuses[seat] != seat_state.FREE:
                return False
        return True

    def hold(self, hold_id: str) -> Hold | None:
        """See SeatView."""
        return self.holds.get(hold_id)

    def claim(self, order_id: str) -> Claim | None:
        """See SeatView."""
        return self.claims.get(order_id)

    def seats_of(self, holder_id: str) -> int:
        """See SeatView."""
        return self._seats_of.get(holder_id, 0)

    def has_ended(self, hold_id: str) -> bool:
        """See SeatView."""
        return hold_id in self._ended

    def was_given_back(self, order_id: str) -> bool:
        """See SeatView."""
        return order_id in self._given_back

    def give_back(self, order_id: str) -> None:
        """See SeatWriter."""
        self._given_back.add(order_id)

    def mark(self, seats: Sequence[int], status: int) -> None:
        """See SeatWriter."""
        statuses = self.statuses
        if self._free is not None:
            self._free.mark(seats, free=status == seat_state.FREE)
        self._marked += seats
        for seat in seats:
            statuses[seat] = status

    def take_marked(self) -> Sequence[int]:
        """The seats that were marked since the last call, some perhaps more than once."""
        marked, self._marked = self._marked, []
        return marked

    def add_hold(self, hold: Hold) -> None:
        """See SeatWriter."""
        seats, statuses = hold.seats, self.statuses
        if self._free is not None:
            self._free.mark(seats, free=False)
        self._marked += seats
        for seat in seats:
            statuses[seat] = seat_state.HELD
        self.holds[hold.hold_id] = hold
        self._seats_of[hold.holder_id] = self._seats_of.get(hold.holder_id, 0) + len(seats)

    def put_hold(self, hold: Hold) -> None:
        """See SeatWriter."""
        self.holds[hold.hold_id] = hold

    def end_hold(self, hold_id: str) -> None:
        """See SeatWriter."""
        del self.holds[hold_id]
        self.remember_ended(hold_id)

    def remember_ended(self, hold_id: str) -> None:
        """Notes that a hold of that id lived once; the oldest of too many are forgotten."""
        self._ended[hold_id] = None
        if len(self._ended) > ENDED_HOLDS_REMEMBERED:
            self._ended.popitem(last=False)

    def put_claim(self, claim: Claim) -> None:
        """See SeatWriter."""
        self.claims[claim.order_id] = claim

    def drop_claim(self, order_id: str) -> None:
        """See SeatWriter."""
        del self.claims[order_id]

    def count_for(self, holder_id: str, seats: int) -> None:
        """See SeatWriter."""
        left = self._seats_of.get(holder_id, 0) + seats
        if left:
            self._seats_of[holder_id] = left
        else:
            self._seats_of.pop(holder_id, None)

    def change_rules(self, rules: HoldRules) -> None:
        """See SeatWriter."""
        self.rules = rules


def apply(state: SeatWriter, change: Change) -> None:  # noqa: PLR0912 (one case per change, nothing else)
    """Writes one change. The only way a seat map or a draft changes, but for seats reserved for the record."""
    match change:
        case SeatsHeld(hold):
            state.add_hold(hold)
        case HoldExtended(hold):
            state.put_hold(hold)
        case HoldMoved(hold, before):
            state.mark(before.seats, seat_state.FREE)
            state.mark(hold.seats, seat_state.HELD)
            state.put_hold(hold)
            state.count_for(hold.holder_id, len(hold.seats) - len(before.seats))
        case HoldReleased(hold) | HoldExpired(hold):
            state.mark(hold.seats, seat_state.FREE)
            state.end_hold(hold.hold_id)
            state.count_for(hold.holder_id, -len(hold.seats))
        case HoldRulesChanged(rules):
            state.change_rules(rules)
        case SeatsClaimed(claim, from_hold):
            state.mark(claim.seats, seat_state.CLAIMED)
            state.put_claim(claim)
            if from_hold is None:
                state.count_for(claim.holder_id, len(claim.seats))
            else:
                state.end_hold(from_hold.hold_id)
        case ClaimConfirmed(claim):
            state.mark(claim.seats, seat_state.SOLD)
            state.put_claim(claim)
            state.count_for(claim.holder_id, -len(claim.seats))
        case ClaimCancelled(claim):
            state.mark(claim.seats, seat_state.FREE)
            _drop_claim(state, claim)
            state.count_for(claim.holder_id, -len(claim.seats))
        case SaleCancelled(claim):
            state.mark(claim.seats, seat_state.FREE)
            _drop_claim(state, claim)
        case SeatsBlocked(seats, _):
            state.mark(seats, seat_state.BLOCKED)
        case SeatsUnblocked(seats):
            state.mark(seats, seat_state.FREE)
        case _:
            assert_never(change)


def _drop_claim(state: SeatWriter, claim: Claim) -> None:
    state.drop_claim(claim.order_id)
    if not claim.hold_id:
        state.give_back(claim.order_id)
