"""What stays of somebody who is erased: nothing, or what the law asks for with what was paid, sealed and for a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from services.contracts.retention import locked_until_ms
from services.customers.domain.house import House


class Payment(Enum):
    """How far the money of an order is, for what must be kept of it."""

    NONE = "none"  # given up, or it cost nothing
    UNDER_WAY = "under_way"  # nobody knows yet
    PAID = "paid"  # also where it has gone back: both are in the books


@dataclass(frozen=True, slots=True)
class BoughtOrder:
    """An order of a customer; `at_ms`: when it was, or can be, paid."""

    order_id: str
    payment: Payment
    at_ms: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """`locked_until_ms` None: nothing stays."""

    house_id: str
    customer_id: str
    erased_at_ms: int
    locked_until_ms: int | None = None


def kept_orders(orders: Iterable[BoughtOrder]) -> tuple[BoughtOrder, ...]:
    """Those with which name and address stay. One that is being paid is among them until it has ended."""
    return tuple(order for order in orders if order.payment is not Payment.NONE)


def lock_of(house: House, orders: Iterable[BoughtOrder]) -> int | None:
    """Until when something stays; None where nothing was paid."""
    until = [locked_until_ms(house.country, house.time_zone, order.at_ms) for order in kept_orders(orders)]
    return max(until, default=None)
