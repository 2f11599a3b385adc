"""A seat map with what is decided and not yet to be seen on top: what goes to the record, until the record has it."""

from __future__ import annotations

from collections.abc import Sequence

from services.inventory.domain import seat_state
from services.inventory.domain.free_seats import FreeDraft
from services.inventory.domain.records import Claim, Hold, HoldRules
from services.inventory.domain.seat_map import SeatMap


class Draft:
    """See SeatView and SeatWriter. Thrown away once its batch is decided."""

    __slots__ = (
        "_base",
        "_claims",
        "_counted",
        "_ended",
        "_free",
        "_given_back",
        "_holds",
        "_marks",
        "_statuses",
        "rules",
    )

    def __init__(self, base: SeatMap) -> None:
        self._base = base
        self.rules = base.rules
        self._statuses: dict[int, int] = {}
        self._holds: dict[str, Hold | None] = {}
        self._claims: dict[str, Claim | None] = {}
        self._counted: dict[str, int] = {}
        self._ended: set[str] = set()
        self._given_back: set[str] = set()
        # What has been marked since the free seats were last asked for: few batches ever ask.
        self._marks: list[tuple[Sequence[int], int]] = []
        self._free: FreeDraft | None = None

    @property
    def free(self) -> FreeDraft:
        """See SeatView."""
        if self._free is None:
            self._free = FreeDraft(self._base.free)
        for seats, status in self._marks:
            self._free.mark(seats, free=status == seat_state.FREE)
        self._marks.clear()
        return self._free

    def status(self, seat: int) -> int:
        """See SeatView."""
        status = self._statuses.get(seat)
        return self._base.statuses[seat] if status is None else status

    def are_free(self, seats: Sequence[int]) -> bool:
        """See SeatView."""
        return all(self.status(seat) == seat_state.FREE for seat in seats)

    def hold(self, hold_id: str) -> Hold | None:
        """See SeatView."""
        if hold_id in self._holds:
            return self._holds[hold_id]
        return self._base.holds.get(hold_id)

    def claim(self, order_id: str) -> Claim | None:
        """See SeatView."""
        if order_id in self._claims:
            return self._claims[order_id]
        return self._base.claims.get(order_id)

    def seats_of(self, holder_id: str) -> int:
        """See SeatView."""
        return self._base.seats_of(holder_id) + self._counted.get(holder_id, 0)

    def has_ended(self, hold_id: str) -> bool:
        """See SeatView."""
        return hold_id in self._ended or self._base.has_ended(hold_id)

    def was_given_back(self, order_id: str) -> bool:
        """See SeatView."""
        return order_id in self._given_back or self._base.was_given_back(order_id)

    def give_back(self, order_id: str) -> None:
        """See SeatWriter."""
        self._given_back.add(order_id)

    def mark(self, seats: Sequence[int], status: int) -> None:
        """See SeatWriter."""
        for seat in seats:
            self._statuses[seat] = status
        self._marks.append((seats, status))

    def add_hold(self, hold: Hold) -> None:
        """See SeatWriter."""
        statuses = self._statuses
        for seat in hold.seats:
            statuses[seat] = seat_state.HELD
        self._marks.append((hold.seats, seat_state.HELD))
        self._holds[hold.hold_id] = hold
        self._counted[hold.holder_id] = self._counted.get(hold.holder_id, 0) + len(hold.seats)

    def put_hold(self, hold: Hold) -> None:
        """See SeatWriter."""
        self._holds[hold.hold_id] = hold

    def end_hold(self, hold_id: str) -> None:
        """See SeatWriter."""
        self._holds[hold_id] = None
        self._ended.add(hold_id)

    def put_claim(self, claim: Claim) -> None:
        """See SeatWriter."""
        self._claims[claim.order_id] = claim

    def drop_claim(self, order_id: str) -> None:
        """See SeatWriter."""
        self._claims[order_id] = None

    def count_for(self, holder_id: str, seats: int) -> None:
        """See SeatWriter."""
        self._counted[holder_id] = self._counted.get(holder_id, 0) + seats

    def change_rules(self, rules: HoldRules) -> None:
        """See SeatWriter."""
        self.rules = rules
