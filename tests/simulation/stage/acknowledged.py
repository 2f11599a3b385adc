"""Every seat map that the stores have acknowledged, by epoch and in order: what watchers may be shown, and no more.

It listens at the servers and knows no actor: whatever an owner tells must be one of these maps, and never an older one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.inventory.domain import seat_state
from services.inventory.domain.changes import (
    ClaimCancelled,
    ClaimConfirmed,
    RecordChange,
    SaleCancelled,
    SeatsClaimed,
)
from services.inventory.domain.records import Claim, Hold, HoldRules
from services.inventory.domain.restoration import restore
from services.inventory.ports import HoldWrites, PerformanceRecord


@dataclass(slots=True)
class _Epoch:
    """What one owner found and what it has written since, as the servers have it."""

    claims: dict[str, Claim]
    holds: dict[str, Hold] = field(default_factory=dict)
    is_open: bool = False
    hold_batch: int = 0
    record_batch: int = 0
    maps: list[bytes] = field(default_factory=list)
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
        self._epochs.setdefault((performance_id, epoch), _Epoch(claims))

    def opened(self, performance_id: str, epoch: int, holds: Sequence[Hold]) -> None:
        """The holds as it finds them."""
        found = self._epochs.get((performance_id, epoch))
        if found is None or found.is_open:
            return
        found.is_open = True
        _, stale = restore(self._capacity, self._rules, found.claims.values(), (), holds)
        found.holds = {hold.hold_id: hold for hold in holds if hold.hold_id not in stale}
        found.made.update(hold.hold_id for hold in holds)
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

    def recorded(self, performance_id: str, epoch: int, batch: int, changes: Sequence[RecordChange]) -> None:
        """A batch of the record."""
        found = self._epochs.get((performance_id, epoch))
        if found is None or batch != found.record_batch + 1:
            return
        found.record_batch = batch
        for change in changes:
            match change:
                case SeatsClaimed(claim, _) | ClaimConfirmed(claim):
                    found.claims[claim.order_id] = claim
                case ClaimCancelled(claim) | SaleCancelled(claim):
                    found.claims.pop(claim.order_id, None)
                case _:
                    raise AssertionError(change)
        self._acknowledge(found)

    def _acknowledge(self, found: _Epoch) -> None:
        states = bytearray([seat_state.FREE]) * self._capacity
        for hold in found.holds.values():
            for seat in hold.seats:
                states[seat] = seat_state.HELD
        # Of a claim and the hold that it came from, the claim is shown: the record is written first.
        for claim in found.claims.values():
            for seat in claim.seats:
                states[seat] = seat_state.SOLD if claim.sold else seat_state.CLAIMED
        if not found.maps or found.maps[-1] != states:
            found.maps.append(bytes(states))

    def place_of(self, performance_id: str, epoch: int, states: bytes, since: int) -> int | None:
        """Which of the epoch's maps this is, from number `since` on; None: it has not been acknowledged."""
        found = self._epochs.get((performance_id, epoch))
        if found is None:
            return None
        for number in range(since, len(found.maps)):
            if found.maps[number] == states:
                return number
        return None
