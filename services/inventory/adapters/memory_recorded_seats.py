"""What a performance's record has in memory: claims, blocks, allotments, reservations, as changes write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from services.inventory.domain.allotments import Allotment, Step
from services.inventory.domain.plan_adoption import GONE
from services.inventory.domain.records import BlockKind, Claim, SeatBlock
from services.inventory.domain.reservations import Reservation
from services.inventory.ports import ClaimConflict


class RecordedSeats:
    """See changes.RecordWriter: what a batch makes of the record."""

    def __init__(
        self,
        claims: Mapping[str, Claim],
        blocks: Mapping[int, SeatBlock],
        given_back: Iterable[str],
        allotments: Mapping[str, Allotment],
        steps: Mapping[str, Step],
        reservations: Mapping[str, Reservation],
    ) -> None:
        self.claims = dict(claims)
        self.blocks = dict(blocks)
        self.given_back = set(given_back)
        self.allotments = dict(allotments)
        self.steps = dict(steps)
        self.reservations = dict(reservations)

    def copy(self) -> RecordedSeats:
        """A batch is written whole or not at all."""
        return RecordedSeats(self.claims, self.blocks, self.given_back, self.allotments, self.steps, self.reservations)

    def mark(self, seats: Sequence[int], status: int) -> None:
        """See SeatWriter: states follow from the claims and the blocks."""

    def let_go(self, seats: Sequence[int]) -> None:
        """See SeatWriter: as mark()."""

    def block(self, seats: Sequence[int], kind: BlockKind, reason: str) -> None:
        self.blocks.update({seat: SeatBlock(seat, kind, reason) for seat in seats})

    def unblock(self, seats: Sequence[int]) -> None:
        for seat in seats:
            self.blocks.pop(seat, None)

    def end_hold(self, hold_id: str) -> None:
        """See SeatWriter: holds are kept elsewhere."""

    def put_claim(self, claim: Claim) -> None:
        """See RecordWriter. Raises ClaimConflict: the unique index."""
        if claim.order_id not in self.claims:
            taken = {seat for other in self.claims.values() for seat in other.seats}
            if not taken.isdisjoint(claim.seats):
                raise ClaimConflict(order_id=claim.order_id)
        self.claims[claim.order_id] = claim

    def drop_claim(self, order_id: str) -> None:
        self.claims.pop(order_id, None)

    def give_back(self, order_id: str) -> None:
        self.given_back.add(order_id)

    def put_reservation(self, reservation: Reservation) -> None:
        """See RecordWriter. Raises ClaimConflict: the key of the seats that are reserved."""
        others = (each for each in self.reservations.values() if each.reservation_id != reservation.reservation_id)
        reserved = {seat for each in others if each.stands for seat in each.seats}
        if reservation.stands and not reserved.isdisjoint(reservation.seats):
            raise ClaimConflict(reservation_id=reservation.reservation_id)
        self.reservations[reservation.reservation_id] = reservation

    def put_step(self, allotment: Allotment, step: Step) -> None:
        """See RecordWriter. Raises ClaimConflict: the key of the seats in allotments."""
        others = (each for each in self.allotments.values() if each.allotment_id != allotment.allotment_id)
        if not {seat for each in others for seat in each.seats}.isdisjoint(allotment.seats):
            raise ClaimConflict(allotment_id=allotment.allotment_id)
        if step.step_id in self.steps:
            raise ClaimConflict(step_id=step.step_id)
        self.allotments[allotment.allotment_id] = allotment
        self.steps[step.step_id] = step


def moved(allotment: Allotment, new: Sequence[int]) -> Allotment:
    """The allotment under the indexes of another plan."""
    return msgspec.structs.replace(
        allotment, open=moved_seats(allotment.open, new), sold=moved_seats(allotment.sold, new)
    )


def moved_seats(seats: Sequence[int], new: Sequence[int]) -> tuple[int, ...]:
    """What the new plan has not is gone: of steps that were; an allotment's own seats are in both."""
    return tuple(sorted(new[seat] for seat in seats if new[seat] != GONE))
