"""Why tickets are not exchanged. Values with facts; the docstring is the message."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class OrderNotExchangeable(Refusal):
    """Order {order_id} is {state}; only tickets of a confirmed order can be exchanged."""

    kind = Kind.PRECONDITION
    order_id: str
    state: str


@dataclass(frozen=True, slots=True)
class LinesInExchange(Refusal):
    """Tickets of order {order_id} are being exchanged for order {new_order_id}; finish that one, or cancel it first."""

    kind = Kind.PRECONDITION
    order_id: str
    new_order_id: str


@dataclass(frozen=True, slots=True)
class TicketsEnded(Refusal):
    """The tickets of seats {seat_ids} of order {order_id} let nobody in any more: there is nothing to exchange."""

    kind = Kind.PRECONDITION
    order_id: str
    seat_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExchangeOver(Refusal):
    """The exchange for order {new_order_id} is over; choose seats again and start a new one."""

    kind = Kind.PRECONDITION
    order_id: str
    new_order_id: str


@dataclass(frozen=True, slots=True)
class ExchangeWorthChanged(Refusal):
    """The tickets of order {order_id} are worth {worth} by now, not {told}; start a new exchange."""

    kind = Kind.PRECONDITION
    order_id: str
    told: str
    worth: str


@dataclass(frozen=True, slots=True)
class ExchangeCurrencyDiffers(Refusal):
    """Order {order_id} was paid in {paid}, and the new seats cost {wanted}."""

    kind = Kind.PRECONDITION
    order_id: str
    paid: str
    wanted: str


@dataclass(frozen=True, slots=True)
class ExchangeNotLet(Refusal):
    """Buyers do not exchange tickets of performance {performance_id} by themselves ({rule}): ask the house."""

    kind = Kind.PRECONDITION
    performance_id: str
    # NEVER, or ASKED: people of the house do it.
    rule: str


@dataclass(frozen=True, slots=True)
class ExchangeTooLate(Refusal):
    """Tickets of performance {performance_id} could be exchanged until {until_ms} (unix milliseconds)."""

    kind = Kind.PRECONDITION
    performance_id: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class ExchangedTooOften(Refusal):
    """Tickets of order {order_id} were exchanged {times} times, and may be exchanged {most} times."""

    kind = Kind.PRECONDITION
    order_id: str
    times: int
    most: int
