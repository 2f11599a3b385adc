"""Why an order, or a change to one, is refused. Values with facts; the docstring is the message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.runtime.errors import Kind, Refusal, Violation


@dataclass(frozen=True, slots=True)
class OrderNotFound(Refusal):
    """There is no order {order_id} in this house."""

    kind = Kind.NOT_FOUND
    order_id: str


@dataclass(frozen=True, slots=True)
class CustomerNotFound(Refusal):
    """There is no customer {customer_id} in this house."""

    kind = Kind.NOT_FOUND
    customer_id: str


@dataclass(frozen=True, slots=True)
class SessionOver(Refusal):
    """There is no such session, or it is over: ask for a new link."""

    kind = Kind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class PerformanceNotFound(Refusal):
    """There is no performance {performance_id} in this house."""

    kind = Kind.NOT_FOUND
    performance_id: str


@dataclass(frozen=True, slots=True)
class NotOnSale(Refusal):
    """Performance {performance_id} is not on sale."""

    kind = Kind.PRECONDITION
    performance_id: str


@dataclass(frozen=True, slots=True)
class PerformanceCancelled(Refusal):
    """Performance {performance_id} was cancelled."""

    kind = Kind.PRECONDITION
    performance_id: str


@dataclass(frozen=True, slots=True)
class HoldNotFound(Refusal):
    """There is no hold {hold_id} on this performance."""

    kind = Kind.NOT_FOUND
    hold_id: str


@dataclass(frozen=True, slots=True)
class HoldForeign(Refusal):
    """Hold {hold_id} belongs to somebody else."""

    kind = Kind.FORBIDDEN
    hold_id: str


@dataclass(frozen=True, slots=True)
class HoldExpired(Refusal):
    """Hold {hold_id} has ended; choose seats again."""

    kind = Kind.PRECONDITION
    hold_id: str


@dataclass(frozen=True, slots=True)
class HoldHasOrder(Refusal):
    """Hold {hold_id} is in order {order_id}, which is {state}; check that one out, or cancel it first."""

    kind = Kind.PRECONDITION
    hold_id: str
    order_id: str
    state: str


@dataclass(frozen=True, slots=True)
class SeatsNotHeld(Refusal):
    """seats must be exactly those of hold {hold_id}; not in the hold: [{not_in_hold}], left out: [{left_out}]."""

    kind = Kind.PRECONDITION
    hold_id: str
    not_in_hold: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelMismatch(Refusal):
    """channel {channel} is not the hold's, which is {hold_channel}."""

    kind = Kind.PRECONDITION
    channel: str
    hold_channel: str


@dataclass(frozen=True, slots=True)
class SeatUnknown(Refusal):
    """seats {seat_ids} are not in seating plan version {plan_version}."""

    kind = Kind.INVALID
    seat_ids: tuple[str, ...]
    plan_version: int


@dataclass(frozen=True, slots=True)
class TicketTypeUnknown(Refusal):
    """seats.ticket_type {ticket_type} has no price in category {category} (seat {seat_id}); there are: {known}."""

    kind = Kind.INVALID
    ticket_type: str
    category: str
    seat_id: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartsRefused(Refusal):
    """Nothing is ordered, for not all of it can be: {why}."""

    kind = Kind.PRECONDITION
    # Of each part that cannot be had: its place, why as a reason, and why in words.
    places: tuple[int, ...]
    reasons: tuple[str, ...]
    why: tuple[str, ...]
    fields: tuple[Violation, ...] = ()

    def facts(self) -> dict[str, str]:
        """The parts' places and reasons; what is wrong with each is told as its violations."""
        return {
            "places": ",".join(map(str, self.places)),
            "reasons": ",".join(self.reasons),
            "why": "; ".join(self.why),
        }

    def lists(self) -> dict[str, tuple[str, ...]]:
        """By place, as they are."""
        return {"places": tuple(map(str, self.places)), "reasons": self.reasons, "why": self.why}

    def violations(self) -> tuple[Violation, ...]:
        """Each part, or its fields."""
        return self.fields


@dataclass(frozen=True, slots=True)
class PromotionNotValid(Refusal):
    """Promotion {promotion} is not for this order: {why}."""

    kind = Kind.PRECONDITION
    promotion: str
    why: str


@dataclass(frozen=True, slots=True)
class PackageUnknown(Refusal):
    """The house sells no package {package_id}."""

    kind = Kind.NOT_FOUND
    package_id: str


@dataclass(frozen=True, slots=True)
class PackageNotValid(Refusal):
    """Package {package_id} is not for this order: {why}."""

    kind = Kind.PRECONDITION
    package_id: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UsesExhausted(Refusal):
    """{counted} has {left} uses left, and this order takes {wanted}."""

    kind = Kind.CONFLICT
    counted: str
    left: int
    wanted: int


@dataclass(frozen=True, slots=True)
class QuoteInvalid(Refusal):
    """The quote was not made for this house, or was changed: ask for a new one."""

    kind = Kind.INVALID


@dataclass(frozen=True, slots=True)
class QuoteExpired(Refusal):
    """The quote was good until {expired_at_ms} (unix milliseconds): ask for a new one."""

    kind = Kind.PRECONDITION
    expired_at_ms: int


@dataclass(frozen=True, slots=True)
class QuoteDiffers(Refusal):
    """The order is not what was quoted: {quoted}."""

    kind = Kind.PRECONDITION
    quoted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CustomerLimitReached(Refusal):
    """A customer has at most {limit} of {thing} {thing_id}: {has} are taken, {wanted} are wanted."""

    kind = Kind.PRECONDITION
    # Tickets of a performance, or packages.
    thing: str
    thing_id: str
    limit: int
    has: int
    wanted: int


@dataclass(frozen=True, slots=True)
class FormIncomplete(Refusal):
    """The form of order {order_id} lacks answers: {missing}."""

    kind = Kind.PRECONDITION
    order_id: str
    # Fields by what they are called; of tickets with performance and seat.
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormClosed(Refusal):
    """Order {order_id} is {state}; its form is answered before it is checked out."""

    kind = Kind.PRECONDITION
    order_id: str
    state: str


@dataclass(frozen=True, slots=True)
class WrongAmount(Refusal):
    """expected_total is {expected}; the order's total is {total}."""

    kind = Kind.PRECONDITION
    expected: str
    total: str
    total_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class OrderNotOpen(Refusal):
    """Order {order_id} is {state}; only an open order can be checked out."""

    kind = Kind.PRECONDITION
    order_id: str
    state: str


@dataclass(frozen=True, slots=True)
class OrderPaid(Refusal):
    """Order {order_id} is {state}; a paid order is refunded, not cancelled."""

    kind = Kind.PRECONDITION
    order_id: str
    state: str


@dataclass(frozen=True, slots=True)
class OrderNotConfirmed(Refusal):
    """Order {order_id} is {state}; only a confirmed order can be refunded."""

    kind = Kind.PRECONDITION
    order_id: str
    state: str


@dataclass(frozen=True, slots=True)
class LinesUnknown(Refusal):
    """Order {order_id} has no such lines: [{lines}]."""

    kind = Kind.INVALID
    order_id: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefundTooLarge(Refusal):
    """{asked} is more than the {left} that are left of these lines of order {order_id}."""

    kind = Kind.PRECONDITION
    order_id: str
    asked: str
    left: str


@dataclass(frozen=True, slots=True)
class NothingToRefund(Refusal):
    """Nothing is left to give back of these lines of order {order_id}."""

    kind = Kind.PRECONDITION
    order_id: str


@dataclass(frozen=True, slots=True)
class TicketsStillValid(Refusal):
    """The tickets of seats {seat_ids} of order {order_id} are valid; cancel them before the seats go back on sale."""

    kind = Kind.PRECONDITION
    order_id: str
    seat_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefundJobNotFound(Refusal):
    """There is no refund of a performance {job_id} in this house."""

    kind = Kind.NOT_FOUND
    job_id: str


@dataclass(frozen=True, slots=True)
class ReportOutOfPlace(Refusal):
    """{report} does not fit order {order_id}, which is {state}."""

    kind = Kind.PRECONDITION
    order_id: str
    state: str
    report: str


@dataclass(frozen=True, slots=True)
class RequestInFlight(Refusal):
    """The first request with idempotency_key {key} is still being answered; ask again in a moment."""

    kind = Kind.UNDER_WAY
    retry_after_ms: ClassVar[int] = 250
    key: str
