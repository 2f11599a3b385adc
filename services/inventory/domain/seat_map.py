"""The seats of one performance as decided. Changes are the only writers (changes.py).

The map runs ahead of the stores by the turn that is being appended. There is no way back: an owner whose append fails
throws the whole map away.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from services.inventory.domain import seat_state
from services.inventory.domain.allotments import Allotment, Step
from services.inventory.domain.changes import Change, RecordChange, apply_to_holds, apply_to_record
from services.inventory.domain.free_seats import FreeSeats
from services.inventory.domain.quotas import SeatQuotas, seat_quotas
from services.inventory.domain.records import BlockKind, Claim, Hold, HoldRules
from services.inventory.domain.reservations import Reservation
from services.inventory.domain.seat_layout import SeatLayout, one_row

# How many ended holds are remembered, here and in the holds' store, so that a late copy of their first command is
# refused and not obeyed: the last minutes of the busiest hall, days of others.
ENDED_HOLDS_REMEMBERED = 20_000


class SeatMap:
    """Statuses by seat index, living holds by id, active claims by order."""

    __slots__ = (
        "_ended",
        "_free",
        "_given_back",
        "_layout",
        "_marked",
        "_seats_of",
        "_steps",
        "allotments",
        "claims",
        "holds",
        "quotas",
        "reservations",
        "rules",
        "soft_blocks",
        "statuses",
    )

    def __init__(self, capacity: int, rules: HoldRules, layout: SeatLayout | None = None) -> None:
        self.rules = rules
        self._layout = layout
        # Made when first asked for, kept true from then on.
        self._free: FreeSeats | None = None
        self.statuses = bytearray([seat_state.FREE]) * capacity
        # None in a hall without: then nothing is counted.
        self.quotas: SeatQuotas | None = seat_quotas(rules.quotas, self.statuses, layout)
        self.holds: dict[str, Hold] = {}
        self.claims: dict[str, Claim] = {}
        self._seats_of: dict[str, int] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        # Few: money that came late, and went back.
        self._given_back: set[str] = set()
        self._marked: list[int] = []
        # Those that ended too: a copy of a command finds what became of its own.
        self.reservations: dict[str, Reservation] = {}
        self.allotments: dict[str, Allotment] = {}
        # By the ids that callers gave them.
        self._steps: dict[str, Step] = {}
        # Seats with a soft block on them, whoever has them now.
        self.soft_blocks: set[int] = set()

    @property
    def capacity(self) -> int:
        """Seats of the plan."""
        return len(self.statuses)

    def counts(self) -> seat_state.SeatCounts:
        """Seats by state, as decided."""
        return seat_state.counted(self.statuses)

    @property
    def free(self) -> FreeSeats:
        """See HoldingView. A hall without a layout is one row."""
        if self._free is None:
            self._free = FreeSeats(self._layout or one_row(self.capacity), self.statuses)
        return self._free

    def status(self, seat: int) -> int:
        """See SeatsView."""
        return self.statuses[seat]

    def are_free(self, seats: Sequence[int]) -> bool:
        """See SeatsView."""
        statuses = self.statuses
        for seat in seats:  # noqa: SIM110 (a generator for all() costs more than the seats of a hold)
            if statuses[seat] != seat_state.FREE:
                return False
        return True

    def has_soft_block(self, seat: int) -> bool:
        """See SeatsView."""
        return seat in self.soft_blocks

    def hold(self, hold_id: str) -> Hold | None:
        """See LivingHoldsView."""
        return self.holds.get(hold_id)

    def claim(self, order_id: str) -> Claim | None:
        """See RecordView."""
        return self.claims.get(order_id)

    def seats_of(self, holder_id: str) -> int:
        """See HoldingView."""
        return self._seats_of.get(holder_id, 0)

    def has_ended(self, hold_id: str) -> bool:
        """See LivingHoldsView."""
        return hold_id in self._ended

    def was_given_back(self, order_id: str) -> bool:
        """See RecordView."""
        return order_id in self._given_back

    def give_back(self, order_id: str) -> None:
        """See RecordWriter."""
        self._given_back.add(order_id)

    def reservation(self, reservation_id: str) -> Reservation | None:
        """See RecordView."""
        return self.reservations.get(reservation_id)

    def put_reservation(self, reservation: Reservation) -> None:
        """See RecordWriter."""
        self.reservations[reservation.reservation_id] = reservation

    def restore_reservation(self, reservation: Reservation) -> None:
        """As the record has it."""
        if reservation.stands:
            self.mark(reservation.seats, seat_state.RESERVED)
        self.put_reservation(reservation)

    def allotment(self, allotment_id: str) -> Allotment | None:
        """See AllottingView."""
        return self.allotments.get(allotment_id)

    def all_allotments(self) -> Iterable[Allotment]:
        """See AllottingView."""
        return self.allotments.values()

    @property
    def allotments_made(self) -> int:
        """See AllottingView."""
        return len(self.allotments)

    def step(self, step_id: str) -> Step | None:
        """See AllottingView."""
        return self._steps.get(step_id)

    def put_step(self, allotment: Allotment, step: Step) -> None:
        """See RecordWriter."""
        self.allotments[allotment.allotment_id] = allotment
        self._steps[step.step_id] = step

    def restore_allotment(self, allotment: Allotment) -> None:
        """As the record has it."""
        self.mark(allotment.open, seat_state.ALLOTTED)
        self.mark(allotment.sold, seat_state.REPORTED_SOLD)
        self.allotments[allotment.allotment_id] = allotment

    def restore_step(self, step: Step) -> None:
        """So that a copy of its command finds it."""
        self._steps[step.step_id] = step

    def mark(self, seats: Sequence[int], status: int) -> None:
        """See SeatWriter."""
        statuses = self.statuses
        if self._free is not None:
            self._free.mark(seats, free=status == seat_state.FREE)
        if self.quotas is not None:
            self.quotas.count(seats, statuses, status)
        self._marked += seats
        for seat in seats:
            statuses[seat] = status

    def let_go(self, seats: Sequence[int]) -> None:
        """See SeatWriter."""
        soft = self.soft_blocks
        if soft and not soft.isdisjoint(seats):
            self.mark([seat for seat in seats if seat in soft], seat_state.BLOCKED)
            seats = [seat for seat in seats if seat not in soft]
        self.mark(seats, seat_state.FREE)

    def block(self, seats: Sequence[int], kind: BlockKind, reason: str = "") -> None:
        """See RecordWriter. The reasons are the record's."""
        self.mark(seats, seat_state.BLOCKED)
        if kind is BlockKind.SOFT:
            self.soft_blocks.update(seats)
        else:
            self.soft_blocks.difference_update(seats)

    def unblock(self, seats: Sequence[int]) -> None:
        """See RecordWriter."""
        self.soft_blocks.difference_update(seats)
        self.mark([seat for seat in seats if self.statuses[seat] == seat_state.BLOCKED], seat_state.FREE)

    def take_marked(self) -> Sequence[int]:
        """The seats that were marked since the last call, some perhaps more than once."""
        marked, self._marked = self._marked, []
        return marked

    def add_hold(self, hold: Hold) -> None:
        """See HoldWriter."""
        seats, statuses = hold.seats, self.statuses
        if self._free is not None:
            self._free.mark(seats, free=False)
        if self.quotas is not None:
            self.quotas.take_free(seats)
        self._marked += seats
        for seat in seats:
            statuses[seat] = seat_state.HELD
        self.holds[hold.hold_id] = hold
        self._seats_of[hold.holder_id] = self._seats_of.get(hold.holder_id, 0) + len(seats)

    def put_hold(self, hold: Hold) -> None:
        """See HoldWriter."""
        self.count_for(hold.holder_id, len(hold.seats) - len(self.holds[hold.hold_id].seats))
        self.holds[hold.hold_id] = hold

    def end_hold(self, hold_id: str) -> None:
        """See SeatWriter."""
        hold = self.holds.pop(hold_id)
        self.count_for(hold.holder_id, -len(hold.seats))
        self.remember_ended(hold_id)

    def remember_ended(self, hold_id: str) -> None:
        """Notes that a hold of that id lived once; the oldest of too many are forgotten."""
        self._ended[hold_id] = None
        if len(self._ended) > ENDED_HOLDS_REMEMBERED:
            self._ended.popitem(last=False)

    def put_claim(self, claim: Claim) -> None:
        """See RecordWriter."""
        self._count_claim(self.claims.get(claim.order_id), -1)
        self._count_claim(claim, 1)
        self.claims[claim.order_id] = claim

    def drop_claim(self, order_id: str) -> None:
        """See RecordWriter."""
        self._count_claim(self.claims.pop(order_id), -1)

    def _count_claim(self, claim: Claim | None, sign: int) -> None:
        """What is sold is the holder's and counts no longer."""
        if claim is not None and not claim.sold:
            self.count_for(claim.holder_id, sign * len(claim.seats))

    def count_for(self, holder_id: str, seats: int) -> None:
        """Adds to (or takes from) the seats of a holder, for what is reserved for them and no claim yet."""
        left = self._seats_of.get(holder_id, 0) + seats
        if left:
            self._seats_of[holder_id] = left
        else:
            self._seats_of.pop(holder_id, None)

    def change_rules(self, rules: HoldRules) -> None:
        """See HoldWriter. What is held, claimed, reserved and sold stands, whatever the new quotas allow."""
        if rules.quotas != self.rules.quotas:
            self.quotas = seat_quotas(rules.quotas, self.statuses, self._layout)
        self.rules = rules


def apply(state: SeatMap, change: Change) -> None:
    """Writes one change of either side."""
    if isinstance(change, RecordChange):
        apply_to_record(state, change)
    else:
        apply_to_holds(state, change)
