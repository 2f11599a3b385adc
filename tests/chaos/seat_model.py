"""One seat as buyers may see it: which answers are possible in which state, and what they leave behind.

Knows nothing of the inventory's code; its rules are those of docs/architecture.md, said again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Seat(NamedTuple):
    """free, held (by a hold), claimed or sold (by an order), allotted or reported (by an office's allotment)."""

    state: str
    by: str = ""


FREE = Seat("free")
Step = Callable[[Seat], Seat | None]
# As balcon.types.v1.SeatState numbers them.
STATES = {1: "free", 2: "held", 3: "claimed", 4: "sold", 7: "allotted", 8: "reported"}


def _when(allowed: bool, after: Seat) -> Seat | None:
    return after if allowed else None


def held(hold: str) -> Step:
    """The hold was granted with this seat, now or before."""
    after = Seat("held", hold)
    return lambda seat: _when(seat in {FREE, after}, after)


def still_held(hold: str) -> Step:
    """An answer that only a living hold on this seat gets."""
    return lambda seat: _when(seat == Seat("held", hold), seat)


def left(hold: str) -> Step:
    """The hold does not have this seat any more: released, moved away, ended, or it never had it."""
    return lambda seat: FREE if seat == Seat("held", hold) else seat


def not_held_by(hold: str) -> Step:
    """The hold was said not to exist."""
    return lambda seat: _when(seat != Seat("held", hold), seat)


def taken_from(hold: str) -> Step:
    """The seat was said to be taken, by anybody but this hold."""
    return lambda seat: _when(seat not in {FREE, Seat("held", hold)}, seat)


def free_for(hold: str) -> Step:
    """Others of the seats asked for were taken, this one was not."""
    return lambda seat: _when(seat in {FREE, Seat("held", hold)}, seat)


def claimed(order: str, hold: str) -> Step:
    """The order got the seat out of the hold, now or before."""
    after = Seat("claimed", order)

    def step(seat: Seat) -> Seat | None:
        if seat == Seat("held", hold):
            return after
        return _when(seat in {after, Seat("sold", order)}, seat)

    return step


def claimed_in_the_record(order: str) -> Step:
    """The order got the seat while two stores of holds told two stories: only the record's word counts."""
    after = Seat("claimed", order)

    def step(seat: Seat) -> Seat | None:
        return after if seat.state in {"free", "held"} else _when(seat in {after, Seat("sold", order)}, seat)

    return step


def sold(order: str) -> Step:
    """The order paid, now or before."""
    after = Seat("sold", order)
    return lambda seat: _when(seat in {after, Seat("claimed", order)}, after)


def cancelled(order: str) -> Step:
    """The claim has ended, or there was none. A sale is not ended like this."""

    def step(seat: Seat) -> Seat | None:
        if seat == Seat("claimed", order):
            return FREE
        return _when(seat != Seat("sold", order), seat)

    return step


def not_of(order: str) -> Step:
    """The order was said to have no claim."""
    return lambda seat: _when(seat not in {Seat("claimed", order), Seat("sold", order)}, seat)


def allotted(allotment: str) -> Step:
    """The office got the seat out of the pool, now or before."""
    after = Seat("allotted", allotment)
    return lambda seat: _when(seat in {FREE, after}, after)


def allotted_in_the_record(allotment: str) -> Step:
    """The office got the seat while two stores of holds told two stories: only the record's word counts."""
    after = Seat("allotted", allotment)
    return lambda seat: _when(seat.state in {"free", "held"} or seat == after, after)


def reported(allotment: str) -> Step:
    """The office reported it sold, now or before."""
    after = Seat("reported", allotment)
    return lambda seat: _when(seat in {after, Seat("allotted", allotment)}, after)


def given_back(allotment: str) -> Step:
    """The seat is not open in the allotment any more. What was reported is not given back."""

    def step(seat: Seat) -> Seat | None:
        if seat == Seat("allotted", allotment):
            return FREE
        return _when(seat != Seat("reported", allotment), seat)

    return step


def seen(state: str) -> Step:
    """A map showed the seat so."""
    return lambda seat: _when(seat.state == state, seat)


def lost(seat: Seat) -> Seat:
    """The store of holds forgot."""
    return FREE if seat.state == "held" else seat
