"""Uses that are counted: of promotion codes, discounts and passes. Counted with the order, given back when it dies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class CountedUse:
    """So many uses of one thing by one order. `counted_id`: what is counted, in its house; limit 0 is none."""

    counted_id: str
    count: int
    limit: int = 0


_OF_CUSTOMERS = "customer:"


def customer_use(customer_id: str, performance_id: str, count: int, limit: int) -> CountedUse:
    """So many tickets of a performance for one customer, of at most `limit` over all orders that live."""
    return CountedUse(f"{of_customer(customer_id)}{performance_id}", count, limit)


def of_customer(customer_id: str) -> str:
    """How the names of all begin that is counted of one customer."""
    return f"{_OF_CUSTOMERS}{customer_id}:"


def is_of_a_customer(counted_id: str) -> bool:
    """Whether what is counted is tickets of one customer."""
    return counted_id.startswith(_OF_CUSTOMERS)


def performance_of(counted_id: str) -> str:
    """Of which performance a customer's tickets are counted."""
    return counted_id.rpartition(":")[2]


def without_tickets(uses: tuple[CountedUse, ...], tickets: Mapping[str, int]) -> tuple[CountedUse, ...]:
    """The uses of an order that gave so many tickets of these performances back: its customer may have others.

    Codes, discounts and passes stay used until the whole order is gone.
    """
    return tuple(
        replace(use, count=max(0, use.count - tickets.get(performance_of(use.counted_id), 0)))
        if is_of_a_customer(use.counted_id)
        else use
        for use in uses
    )
