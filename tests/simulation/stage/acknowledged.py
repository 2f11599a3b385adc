"""Every seat map that the stores have acknowledged, by epoch and in order: what watchers may be shown, and no more.

It listens at the servers and knows no actor: whatever an owner tells must be put together from what the record had at
some time and what the holds' store had at some time, and neither may ever be older than what was told before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, TypeVar

from services.inventory.domain.allotments import Allotment
from services.inventory.domain.changes import (
    AllotmentStepped,
    ClaimCancelled,
    ClaimConfirmed,
    RecordChange,
    ReservationReleased,
    SaleCancelled,
    SaleReduced,
    SeatsBlocked,
    SeatsClaimed,
    SeatsReserved,
    SeatsUnblocked,
)
from services.inventory.domain.records import Claim, Hold, HoldRules
from services.inventory.domain.reservations import Reservation
from services.inventory.domain.restoration import restore
from services.inventory.domain.seat_state import ALLOTTED, BLOCKED, CLAIMED, HELD, REPORTED_SOLD, RESERVED, SOLD
from services.inventory.ports import HoldWrites, PerformanceRecord

T = TypeVar("T")
# How many batches of the record, and of the holds, had changed the map.
Place: TypeAlias = tuple[int, int]


class _Recorded(NamedTuple):
    """Masks of seats. Blocked: with those of soft blocks that somebody holds or claims."""

    claimed: int
    sold: int
    allotted: int
    reported: int
    blocked: int
    reserved: int


@dataclass(slots=True)
class _Epoch:
    """What one owner found and what it has written since, as the servers have it."""

    record: PerformanceRecord
    claims: dict[str, Claim]
    holds: dict[str, Hold] = field(default_factory=dict)
    is_open: bool = False
    hold_batch: int = 0
    record_batch: int = 0
    blocks: set[int] = field(default_factory=set)
    allotments: dict[str, Allotment] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    # After each batch, as masks of seats: what the record has; held.
    in_the_record: list[_Recorded] = field(default_factory=list)
    in_the_holds: list[int] = field(default_factory=list)
    made: set[str] = field(default_factory=set)


class Acknowledged:
    """Told by the servers, asked by the auditor of watchers."""

    def __init__(self, capacity: int, rules: HoldRules) -> None:
        self._capacity = capacity
        self._rules = rules
        self._epochs: dict[tuple[str, int], _Epoch] = {}
        self.violations: list[str] = []

    def loaded(self, performance_id: str, epoch: int, record: PerformanceRecord) -> None:
        """The record as a new owner finds it: it comes before the holds, and only the first answer is used."""
        claims = {claim.order_id: claim for claim in record.claims}
        found = _Epoch(record, claims, blocks=set(record.blocked))
        found.allotments = {each.allotment_id: each for each in record.allotments}
        found.reservations = {each.reservation_id: each for each in record.reservations if each.stands}
        self._epochs.setdefault((performance_id, epoch), found)

    def opened(self, performance_id: str, epoch: int, holds: Sequence[Hold], ended: Iterable[str]) -> None:
        """The holds as it finds them, and those that have ended: none of either is made again."""
        found = self._epochs.get((performance_id, epoch))
        if found is None or found.is_open:
            return
        found.is_open = True
        _, stale = restore(self._capacity, self._rules, found.record, holds)
        found.holds = {hold.hold_id: hold for hold in holds if hold.hold_id not in stale}
        # What the record overrules was never the owner's: its id may be used again, for nobody was told of it since.
        found.made.update(found.holds, ended)
        self._acknowledge(found)

    def held(self, performance_id: str, epoch: int, batch: int, writes: HoldWrites) -> None:
        """A batch of holds; a command is decided once, so within an epoch no hold is made a second time."""
        found = self._epochs.get((performance_id, epoch))
        if found is None or batch != found.hold_batch + 1:
            return
        found.hold_batch = batch
        for hold in writes.put:
            if hold.hold_id not in found.holds and hold.hold_id in found.made:
                self.violations.append(f"{performance_id}: {hold.hold_id} was made twice under epoch {epoch}")
            found.made.add(hold.hold_id)
            found.holds[hold.hold_id] = hold
        for hold_id in writes.ended:
            found.holds.pop(hold_id, None)
        self._acknowledge(found)

    def recorded(self, performance_id: str, epoch: int, batch: int, changes: Sequence[RecordChange]) -> None:  # noqa: PLR0912 (one case a change)
        """A batch of the record."""
        found = self._epochs.get((performance_id, epoch))
        if found is None or batch != found.record_batch + 1:
            return
        found.record_batch = batch
        for change in changes:
            match change:
                case SeatsClaimed(claim, _, reservation):
                    found.claims[claim.order_id] = claim
                    if reservation is not None:
                        found.reservations.pop(reservation.reservation_id)
                case SeatsReserved(reservation):
                    found.reservations[reservation.reservation_id] = reservation
                case ReservationReleased(reservation):
                    found.reservations.pop(reservation.reservation_id)
                case ClaimConfirmed(claim, unblocked):
                    found.claims[claim.order_id] = claim
                    found.blocks.difference_update(unblocked)
                case ClaimCancelled(claim) | SaleCancelled(claim):
                    found.claims.pop(claim.order_id, None)
                case SaleReduced(left):
                    found.claims[left.order_id] = left
                case SeatsBlocked(seats):
                    found.blocks.update(seats)
                case SeatsUnblocked(seats):
                    found.blocks.difference_update(seats)
                case AllotmentStepped(allotment):
                    found.allotments[allotment.allotment_id] = allotment
                case _:
                    raise AssertionError(change)
        self._acknowledge(found)

    @staticmethod
    def _acknowledge(found: _Epoch) -> None:
        claims = found.claims.values()
        recorded = _Recorded(
            _mask(seat for claim in claims if not claim.sold for seat in claim.seats),
            _mask(seat for claim in claims if claim.sold for seat in claim.seats),
            _mask(seat for each in found.allotments.values() for seat in each.open),
            _mask(seat for each in found.allotments.values() for seat in each.sold),
            _mask(found.blocks),
            _mask(seat for each in found.reservations.values() for seat in each.seats),
        )
        if not found.in_the_record or found.in_the_record[-1] != recorded:
            found.in_the_record.append(recorded)
        held = _mask(seat for hold in found.holds.values() for seat in hold.seats)
        if not found.in_the_holds or found.in_the_holds[-1] != held:
            found.in_the_holds.append(held)

    def place_of(self, performance_id: str, epoch: int, states: bytes, since: Place) -> Place | None:
        """The earliest place from `since` on that looks like this; None: it has not been acknowledged."""
        found = self._epochs.get((performance_id, epoch))
        if found is None:
            return None
        held, claimed, sold = (_seats_in(states, state) for state in (HELD, CLAIMED, SOLD))
        allotted, reported, blocked = (_seats_in(states, state) for state in (ALLOTTED, REPORTED_SOLD, BLOCKED))
        reserved = _seats_in(states, RESERVED)
        shown = _Recorded(claimed, sold, allotted, reported, blocked, reserved)
        # A soft block that somebody has taken is shown as theirs.
        in_the_record = [
            each._replace(blocked=each.blocked & ~(held | claimed | reserved)) for each in found.in_the_record
        ]
        # Of a claim and the hold that it came from, the claim is shown: the record is written first.
        in_the_holds = [mask & ~(claimed | sold) for mask in found.in_the_holds]
        record = _first(in_the_record, shown, since[0])
        holds = _first(in_the_holds, held, since[1])
        return None if record is None or holds is None else (record, holds)


def _mask(seats: Iterable[int]) -> int:
    mask = 0
    for seat in seats:
        mask |= 1 << seat
    return mask


def _seats_in(states: bytes, state: int) -> int:
    return _mask(seat for seat, own in enumerate(states) if own == state)


def _first(those: Sequence[T], wanted: T, since: int) -> int | None:
    return next((number for number in range(since, len(those)) if those[number] == wanted), None)
