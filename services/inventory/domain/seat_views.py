"""What deciding may look at, each family of rules at what it needs, and the looks that several of them share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from services.inventory.domain import seat_state
from services.inventory.domain.allotments import Allotment, Step
from services.inventory.domain.free_seats import FreeView
from services.inventory.domain.quotas import SeatQuotas
from services.inventory.domain.records import ONLINE, Claim, Hold, HoldRules
from services.inventory.domain.refusals import HoldEnded, HoldExpired, HoldForeign, HoldNotFound, SeatsTaken
from services.inventory.domain.reservations import Reservation
from services.runtime.errors import Refusal


class SeatsView(Protocol):
    """The seats, and whether they are free."""

    def status(self, seat: int) -> int:
        """One of seat_state.STATES."""
        ...

    def are_free(self, seats: Sequence[int]) -> bool:
        """Whether all of them are free."""
        ...

    def has_soft_block(self, seat: int) -> bool:
        """Whether a soft block is on the seat, whoever has it now."""
        ...


class LivingHoldsView(SeatsView, Protocol):
    """The seats and the holds on them."""

    @property
    def rules(self) -> HoldRules:
        """How holds behave."""
        ...

    @property
    def quotas(self) -> SeatQuotas | None:
        """The performance's quotas and what of them is used; None where it has none."""
        ...

    def hold(self, hold_id: str) -> Hold | None:
        """The living hold of that id."""
        ...

    def has_ended(self, hold_id: str) -> bool:
        """Whether a hold of that id lived and ended, as far as is remembered."""
        ...


class HoldingView(LivingHoldsView, Protocol):
    """What a turn looks at."""

    def seats_of(self, holder_id: str) -> int:
        """Seats the holder has on hold or under claim."""
        ...

    @property
    def free(self) -> FreeView:
        """The free seats by where they stand."""
        ...


class AllottingView(SeatsView, Protocol):
    """The seats and who outside has them."""

    @property
    def rules(self) -> HoldRules:
        """Of the performance."""
        ...

    @property
    def capacity(self) -> int:
        """Seats of the plan."""
        ...

    def allotment(self, allotment_id: str) -> Allotment | None:
        """The allotment, closed or not."""
        ...

    def all_allotments(self) -> Iterable[Allotment]:
        """All of them, in the order of their making."""
        ...

    @property
    def allotments_made(self) -> int:
        """How many there are."""
        ...

    def step(self, step_id: str) -> Step | None:
        """What was done under that id."""
        ...


class RecordView(LivingHoldsView, AllottingView, Protocol):
    """What a batch of the record looks at."""

    def reservation(self, reservation_id: str) -> Reservation | None:
        """The reservation of that id, ended or not."""
        ...

    def claim(self, order_id: str) -> Claim | None:
        """The active claim or sale of that order."""
        ...

    def was_given_back(self, order_id: str) -> bool:
        """Whether the order claimed seats without a hold and that claim has ended."""
        ...


def not_free(state: SeatsView, seats: tuple[int, ...]) -> SeatsTaken | None:
    """Which of the seats are not free."""
    if state.are_free(seats):
        return None
    return SeatsTaken(tuple(seat for seat in seats if state.status(seat) != seat_state.FREE))


def not_free_to(channel: int, state: SeatsView, seats: tuple[int, ...]) -> SeatsTaken | None:
    """Which of the seats the channel may not take: a soft block keeps only the shop out."""
    taken = not_free(state, seats)
    if taken is None or channel == ONLINE:
        return taken
    others = tuple(seat for seat in taken.seats if isinstance(seat, int) and not is_softly_blocked(state, seat))
    return SeatsTaken(others) if others else None


def is_softly_blocked(state: SeatsView, seat: int) -> bool:
    """Whether the seat is nobody's and only a soft block is on it."""
    return state.status(seat) == seat_state.BLOCKED and state.has_soft_block(seat)


def no_such_hold(state: LivingHoldsView, hold_id: str) -> Refusal:
    """That a hold is no more, or never was."""
    return HoldEnded(hold_id) if state.has_ended(hold_id) else HoldNotFound(hold_id)


def living_hold(state: LivingHoldsView, hold_id: str, holder_id: str, now_ms: int) -> Hold | Refusal:
    """The holder's own hold, before its end and grace."""
    hold = state.hold(hold_id)
    if hold is None:
        return no_such_hold(state, hold_id)
    if hold.holder_id != holder_id:
        return HoldForeign(hold_id)
    if now_ms >= hold.hold_until_ms + state.rules.grace_ms:
        return HoldExpired(hold_id, hold.hold_until_ms)
    return hold
