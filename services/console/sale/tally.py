"""What a sale is counted by, as one process saw it and as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

_KEPT_ERRORS = 50


class TicketSeen(msgspec.Struct, frozen=True, array_like=True):
    """A ticket in a buyer's hands."""

    seat_id: str
    ticket_id: str
    order_id: str
    buyer: int


class HoldAnswered(msgspec.Struct, frozen=True, array_like=True):
    """One answer to HoldSeats; times count from the opening."""

    at_seconds: float
    took_ms: float
    accepted: bool


class Tally(msgspec.Struct):
    """Counters of one load process; merged by `merge`."""

    arrived: int = 0
    left: int = 0
    orders: int = 0
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    refusals: dict[str, int] = msgspec.field(default_factory=dict)
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    errors: list[str] = msgspec.field(default_factory=list)
    error_count: int = 0
    holds: list[HoldAnswered] = msgspec.field(default_factory=list)
    tickets: list[TicketSeen] = msgspec.field(default_factory=list)
    # From paying to tickets, with cards whose money comes and is told of at once; and to any end with the others.
    order_ms: list[float] = msgspec.field(default_factory=list)
    odd_card_ms: list[float] = msgspec.field(default_factory=list)
    # When the last ticket came, counted from the opening.
    last_ticket_seconds: float = 0.0

    def count(self, what: str, by: int = 1) -> None:
        """Adds to a named counter."""
        self.counts[what] = self.counts.get(what, 0) + by

    def refused(self, reason: str) -> None:
        """A no that a buyer has to live with."""
        self.refusals[reason] = self.refusals.get(reason, 0) + 1

    def ended(self, outcome: str) -> None:
        """A buyer is gone."""
        self.left += 1
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1

    def failed(self, text: str) -> None:
        """Something a buyer should never see."""
        self.error_count += 1
        if len(self.errors) < _KEPT_ERRORS:
            self.errors.append(text)


class Progress(msgspec.Struct, frozen=True):
    """A line that a load process writes now and then; the sums of its tally so far."""

    arrived: int
    left: int
    holds: int
    orders: int
    tickets: int


def progress_of(tally: Tally) -> Progress:
    """The tally's sums."""
    accepted = tally.counts.get("holds_accepted", 0)
    return Progress(tally.arrived, tally.left, accepted, tally.orders, len(tally.tickets))


def merge(tallies: Iterable[Tally]) -> Tally:
    """All processes together."""
    total = Tally()
    for tally in tallies:
        total.arrived += tally.arrived
        total.left += tally.left
        total.orders += tally.orders
        total.error_count += tally.error_count
        total.errors += tally.errors[: _KEPT_ERRORS - len(total.errors)]
        total.holds += tally.holds
        total.tickets += tally.tickets
        total.order_ms += tally.order_ms
        total.odd_card_ms += tally.odd_card_ms
        total.last_ticket_seconds = max(total.last_ticket_seconds, tally.last_ticket_seconds)
        for mine, theirs in (
            (total.outcomes, tally.outcomes),
            (total.refusals, tally.refusals),
            (total.counts, tally.counts),
        ):
            for name, number in theirs.items():
                mine[name] = mine.get(name, 0) + number
    return total


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that `percent` of all do not exceed; 0 for none."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    rank = max(0, -(-len(ordered) * percent // 100) - 1)
    return ordered[int(rank)]


def busiest_second(holds: Iterable[HoldAnswered]) -> int:
    """Hold requests answered, yes or no, in the second with most of them."""
    per_second = Counter(int(hold.at_seconds) for hold in holds)
    return max(per_second.values(), default=0)


def doubled_seats(tickets: Iterable[TicketSeen]) -> dict[str, list[str]]:
    """Seats for which more than one ticket is in people's hands, with the orders."""
    orders: dict[str, list[str]] = {}
    for ticket in tickets:
        orders.setdefault(ticket.seat_id, []).append(ticket.order_id)
    return {seat_id: names for seat_id, names in orders.items() if len(names) > 1}
