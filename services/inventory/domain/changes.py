"""What a decision changes, and what that does to seats: applied in memory and stored from the same values.

Only apply_to_holds() and apply_to_record() write to seat maps and drafts, but for what is reserved for the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, assert_never

import msgspec

from services.inventory.domain import allotments, seat_state
from services.inventory.domain.allotments import Allotment, Step
from services.inventory.domain.records import BlockKind, Claim, Hold, HoldRules
from services.inventory.domain.reservations import Reservation
from services.runtime.principal import PrincipalRef


class SeatsHeld(msgspec.Struct, frozen=True, gc=False):
    """A new hold."""

    hold: Hold


class HoldExtended(msgspec.Struct, frozen=True, gc=False):
    """The hold with its new end."""

    hold: Hold


class HoldMoved(msgspec.Struct, frozen=True, gc=False):
    """The hold with its new seats, and the one it was."""

    hold: Hold
    before: Hold


class HoldReleased(msgspec.Struct, frozen=True, gc=False):
    """Let go by its holder."""

    hold: Hold


class HoldExpired(msgspec.Struct, frozen=True, gc=False):
    """Past its end and grace."""

    hold: Hold


class SaleTermsChanged(msgspec.Struct, frozen=True, gc=False):
    """The rules from here on, and those before. Every owner reads them where they are kept: no store of holds does."""

    rules: HoldRules
    before: HoldRules


class SeatsClaimed(msgspec.Struct, frozen=True, gc=False):
    """A new claim, and the hold or the reservation it came from (neither: claimed again from free seats)."""

    claim: Claim
    hold: Hold | None
    # As it is then.
    reservation: Reservation | None = None


class ClaimConfirmed(msgspec.Struct, frozen=True, gc=False):
    """The claim, now sold, and those of its seats whose soft block ends by it."""

    claim: Claim
    unblocked: tuple[int, ...] = ()


class ClaimCancelled(msgspec.Struct, frozen=True, gc=False):
    """The claim that was."""

    claim: Claim


class SaleCancelled(msgspec.Struct, frozen=True, gc=False):
    """The sale that was."""

    claim: Claim


class SaleReduced(msgspec.Struct, frozen=True, gc=False):
    """The sale with the seats that it keeps, and those that it had beside."""

    left: Claim
    freed: tuple[int, ...]


class SeatsBlocked(msgspec.Struct, frozen=True, gc=False):
    """Seats that were free, or blocked as another kind, and who asked for it."""

    seats: tuple[int, ...]
    reason: str
    on_behalf_of: PrincipalRef | None = None
    kind: BlockKind = BlockKind.HARD


class SeatsUnblocked(msgspec.Struct, frozen=True, gc=False):
    """Seats that were blocked, and who asked for it."""

    seats: tuple[int, ...]
    on_behalf_of: PrincipalRef | None = None


class AllotmentStepped(msgspec.Struct, frozen=True, gc=False):
    """One step of an allotment: as it is after it, and what the step's seats become."""

    allotment: Allotment
    step: Step
    becomes: int


class SeatsReserved(msgspec.Struct, frozen=True, gc=False):
    """Seats that were free, and who asked for it."""

    reservation: Reservation
    on_behalf_of: PrincipalRef | None = None


class ReservationExtended(msgspec.Struct, frozen=True, gc=False):
    """The reservation with its new deadline, and who asked for it."""

    reservation: Reservation
    on_behalf_of: PrincipalRef | None = None


class ReservationReleased(msgspec.Struct, frozen=True, gc=False):
    """The reservation as it ended, and who asked for it; nobody: its deadline came."""

    reservation: Reservation
    on_behalf_of: PrincipalRef | None = None


HoldChange = SeatsHeld | HoldExtended | HoldMoved | HoldReleased | HoldExpired | SaleTermsChanged
ReservingChange = SeatsReserved | ReservationExtended | ReservationReleased
RecordChange = (
    SeatsClaimed
    | ClaimConfirmed
    | ClaimCancelled
    | SaleCancelled
    | SaleReduced
    | SeatsBlocked
    | SeatsUnblocked
    | AllotmentStepped
    | ReservingChange
)
Change = HoldChange | RecordChange


class SeatWriter(Protocol):
    """What every change may write to."""

    def mark(self, seats: Sequence[int], status: int) -> None:
        """Sets the status of seats."""
        ...

    def let_go(self, seats: Sequence[int]) -> None:
        """Nobody has these seats any more: they are free, or blocked again where a soft block is on them."""
        ...

    def end_hold(self, hold_id: str) -> None:
        """Removes a hold and remembers that it was."""
        ...


class HoldWriter(SeatWriter, Protocol):
    """What a turn's changes may write to."""

    def add_hold(self, hold: Hold) -> None:
        """Takes free seats for a new hold, all at once: what the hot path does most."""
        ...

    def put_hold(self, hold: Hold) -> None:
        """Replaces a hold."""
        ...

    def change_rules(self, rules: HoldRules) -> None:
        """From here on these."""
        ...


class RecordWriter(SeatWriter, Protocol):
    """What changes of the record may write to."""

    def put_claim(self, claim: Claim) -> None:
        """Adds or replaces a claim."""
        ...

    def drop_claim(self, order_id: str) -> None:
        """Removes a claim."""
        ...

    def give_back(self, order_id: str) -> None:
        """Remembers that the order's claim without a hold has ended."""
        ...

    def put_reservation(self, reservation: Reservation) -> None:
        """Adds or replaces a reservation."""
        ...

    def put_step(self, allotment: Allotment, step: Step) -> None:
        """Adds or replaces an allotment, and remembers the step that made it so."""
        ...

    def block(self, seats: Sequence[int], kind: BlockKind, reason: str) -> None:
        """Takes seats off sale."""
        ...

    def unblock(self, seats: Sequence[int]) -> None:
        """Ends the blocks on seats; whoever has one of them keeps it."""
        ...


def apply_to_holds(state: HoldWriter, change: HoldChange) -> None:
    """Writes one change of a turn."""
    match change:
        case SeatsHeld(hold):
            state.add_hold(hold)
        case HoldExtended(hold):
            state.put_hold(hold)
        case HoldMoved(hold, before):
            state.let_go(before.seats)
            state.mark(hold.seats, seat_state.HELD)
            state.put_hold(hold)
        case HoldReleased(hold) | HoldExpired(hold):
            state.let_go(hold.seats)
            state.end_hold(hold.hold_id)
        case SaleTermsChanged(rules):
            state.change_rules(rules)
        case _:
            assert_never(change)


def reserve(state: RecordWriter, change: RecordChange) -> None:
    """Takes the free seats that the change needs: until the record has it they are nobody else's."""
    match change:
        case SeatsClaimed(claim, None, None):
            state.mark(claim.seats, seat_state.CLAIMED)
        case SeatsBlocked(seats, reason):
            # For staff too, while it is not known which kind of block it will be.
            state.block(seats, BlockKind.HARD, reason)
        case AllotmentStepped(_, step, becomes) if step.kind == allotments.HANDED_OUT:
            state.mark(step.seats, becomes)
        case SeatsReserved(reservation):
            state.mark(reservation.seats, seat_state.RESERVED)
        case AllotmentStepped() | ReservationExtended() | ReservationReleased():
            pass
        case SeatsClaimed() | ClaimConfirmed() | ClaimCancelled() | SaleCancelled() | SaleReduced() | SeatsUnblocked():
            pass
        case _:
            assert_never(change)


def apply_to_record(state: RecordWriter, change: RecordChange) -> None:  # noqa: PLR0912 (one case a change)
    """Writes one change of the record."""
    match change:
        case SeatsClaimed(claim, from_hold, from_reservation):
            state.mark(claim.seats, seat_state.CLAIMED)
            state.put_claim(claim)
            if from_hold is not None:
                state.end_hold(from_hold.hold_id)
            if from_reservation is not None:
                state.put_reservation(from_reservation)
        case ClaimConfirmed(claim, unblocked):
            state.mark(claim.seats, seat_state.SOLD)
            state.put_claim(claim)
            if unblocked:
                state.unblock(unblocked)
        case ClaimCancelled(claim) | SaleCancelled(claim):
            state.let_go(claim.seats)
            state.drop_claim(claim.order_id)
            if not claim.hold_id:
                state.give_back(claim.order_id)
        case SaleReduced(left, freed):
            state.let_go(freed)
            state.put_claim(left)
        case SeatsBlocked(seats, reason, _, kind):
            state.block(seats, kind, reason)
        case SeatsUnblocked(seats):
            state.unblock(seats)
        case SeatsReserved() | ReservationExtended() | ReservationReleased():
            _apply_to_reservation(state, change)
        case AllotmentStepped(allotment, step, becomes):
            state.mark(step.seats, becomes)
            state.put_step(allotment, step)
        case _:
            assert_never(change)


def _apply_to_reservation(state: RecordWriter, change: ReservingChange) -> None:
    if isinstance(change, SeatsReserved):
        state.mark(change.reservation.seats, seat_state.RESERVED)
    elif isinstance(change, ReservationReleased):
        state.let_go(change.reservation.seats)
    state.put_reservation(change.reservation)
