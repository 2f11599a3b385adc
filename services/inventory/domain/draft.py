"""A seat map with what is decided and not yet to be seen on top: what goes to the record, until the record has it.

Holds are decided on the map itself, so a draft has nothing that only they need.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.inventory.domain import seat_state
from services.inventory.domain.allotments import Allotment, Step
from services.inventory.domain.records import BlockKind, Claim, Hold
from services.inventory.domain.reservations import Reservation
from services.inventory.domain.seat_map import SeatMap


class Draft:
    """See RecordView and RecordWriter. Thrown away once its batch is decided."""

    __slots__ = (
        "_allotments",
        "_base",
        "_claims",
        "_ended",
        "_given_back",
        "_reservations",
        "_soft",
        "_statuses",
        "_steps",
        "quotas",
        "rules",
    )

    def __init__(self, base: SeatMap) -> None:
        self._base = base
        self.rules = base.rules
        # What one command of the batch takes, the next one finds used.
        self.quotas = None if base.quotas is None else base.quotas.copy()
        self._statuses: dict[int, int] = {}
        self._claims: dict[str, Claim | None] = {}
        # Holds that become claims.
        self._ended: set[str] = set()
        self._given_back: set[str] = set()
        # Soft blocks that came (True) or went.
        self._soft: dict[int, bool] = {}
        self._allotments: dict[str, Allotment] = {}
        self._steps: dict[str, Step] = {}
        self._reservations: dict[str, Reservation] = {}

    @property
    def capacity(self) -> int:
        return self._base.capacity

    def status(self, seat: int) -> int:
        status = self._statuses.get(seat)
        return self._base.statuses[seat] if status is None else status

    def are_free(self, seats: Sequence[int]) -> bool:
        return all(self.status(seat) == seat_state.FREE for seat in seats)

    def has_soft_block(self, seat: int) -> bool:
        known = self._soft.get(seat)
        return self._base.has_soft_block(seat) if known is None else known

    def hold(self, hold_id: str) -> Hold | None:
        return None if hold_id in self._ended else self._base.holds.get(hold_id)

    def has_ended(self, hold_id: str) -> bool:
        return hold_id in self._ended or self._base.has_ended(hold_id)

    def claim(self, order_id: str) -> Claim | None:
        if order_id in self._claims:
            return self._claims[order_id]
        return self._base.claims.get(order_id)

    def was_given_back(self, order_id: str) -> bool:
        return order_id in self._given_back or self._base.was_given_back(order_id)

    def mark(self, seats: Sequence[int], status: int) -> None:
        if self.quotas is not None:
            self.quotas.count(seats, {seat: self.status(seat) for seat in seats}, status)
        for seat in seats:
            self._statuses[seat] = status

    def let_go(self, seats: Sequence[int]) -> None:
        self.mark([seat for seat in seats if self.has_soft_block(seat)], seat_state.BLOCKED)
        self.mark([seat for seat in seats if not self.has_soft_block(seat)], seat_state.FREE)

    def block(self, seats: Sequence[int], kind: BlockKind, reason: str) -> None:
        self.mark(seats, seat_state.BLOCKED)
        self._soft.update(dict.fromkeys(seats, kind is BlockKind.SOFT))

    def unblock(self, seats: Sequence[int]) -> None:
        self.mark([seat for seat in seats if self.status(seat) == seat_state.BLOCKED], seat_state.FREE)
        self._soft.update(dict.fromkeys(seats, False))

    def end_hold(self, hold_id: str) -> None:
        self._ended.add(hold_id)

    def put_claim(self, claim: Claim) -> None:
        self._claims[claim.order_id] = claim

    def drop_claim(self, order_id: str) -> None:
        self._claims[order_id] = None

    def give_back(self, order_id: str) -> None:
        self._given_back.add(order_id)

    def reservation(self, reservation_id: str) -> Reservation | None:
        return self._reservations.get(reservation_id) or self._base.reservation(reservation_id)

    def put_reservation(self, reservation: Reservation) -> None:
        self._reservations[reservation.reservation_id] = reservation

    def allotment(self, allotment_id: str) -> Allotment | None:
        return self._allotments.get(allotment_id) or self._base.allotment(allotment_id)

    def all_allotments(self) -> Iterable[Allotment]:
        return (self._base.allotments | self._allotments).values()

    @property
    def allotments_made(self) -> int:
        known = self._base.allotments
        return len(known) + sum(1 for allotment_id in self._allotments if allotment_id not in known)

    def step(self, step_id: str) -> Step | None:
        return self._steps.get(step_id) or self._base.step(step_id)

    def put_step(self, allotment: Allotment, step: Step) -> None:
        self._allotments[allotment.allotment_id] = allotment
        self._steps[step.step_id] = step
