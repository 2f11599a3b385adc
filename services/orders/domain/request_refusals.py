"""Ways of saying no to what buyers ask for by themselves."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class BuyerPolicyNotFound(Refusal):
    """Performance {performance_id} has no policy of its own in this house."""

    kind = Kind.NOT_FOUND
    performance_id: str


@dataclass(frozen=True, slots=True)
class OrderDisputed(Refusal):
    """The payment of order {order_id} is disputed at the buyer's bank, which decides first."""

    kind = Kind.PRECONDITION
    order_id: str


@dataclass(frozen=True, slots=True)
class LinesNotHeld(Refusal):
    """Whoever shows this code of order {order_id} has no valid tickets of it there: [{lines}]."""

    kind = Kind.PRECONDITION
    order_id: str
    # Performance and seat of each; none: of no line at all.
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TicketsPassedOn(Refusal):
    """The ticket was passed on: the money of order {order_id} is its buyer's, who may ask once it is passed back."""

    kind = Kind.PRECONDITION
    order_id: str


@dataclass(frozen=True, slots=True)
class RefundNotOffered(Refusal):
    """Order {order_id} cannot be given back as is wished: [{problems}]."""

    kind = Kind.PRECONDITION
    order_id: str
    # By performance.
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefundDiffers(Refusal):
    """expected_back is {expected}; {back} would come back."""

    kind = Kind.PRECONDITION
    expected: str
    back: str


@dataclass(frozen=True, slots=True)
class RefundAlreadyAsked(Refusal):
    """Request {refund_request_id} asks for some of these tickets of order {order_id} already."""

    kind = Kind.CONFLICT
    order_id: str
    refund_request_id: str


@dataclass(frozen=True, slots=True)
class RefundRequestNotFound(Refusal):
    """There is no request {refund_request_id} for a refund there."""

    kind = Kind.NOT_FOUND
    refund_request_id: str


@dataclass(frozen=True, slots=True)
class RefundRequestEnded(Refusal):
    """Request {refund_request_id} is {state} already."""

    kind = Kind.PRECONDITION
    refund_request_id: str
    state: str
