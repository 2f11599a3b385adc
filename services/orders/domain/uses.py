"""Uses that are counted: of promotion codes, discounts and passes. Counted with the order, given back when it dies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class CountedUse:
    """So many uses of one thing by one order. `counted_id`: what is counted, in its house; limit 0 is none."""

    counted_id: str
    count: int
    limit: int = 0


_OF_CUSTOMERS = "customer:"
_OF_PACKAGES = "package:"
_OF_DISCOUNTS = "discount:"
_OF_CODES = "code:"


def customer_use(customer_id: str, performance_id: str, count: int, limit: int) -> CountedUse:
    """So many tickets of a performance for one customer, of at most `limit` over all orders that live."""
    return CountedUse(f"{of_customer(customer_id)}{performance_id}", count, limit)


def package_use(package_id: str, count: int, limit: int) -> CountedUse:
    """So many seats in each of a package's performances."""
    return CountedUse(f"{_OF_PACKAGES}{package_id}", count, limit)


def package_of(uses: Iterable[CountedUse]) -> str:
    """The package that an order with these uses was sold as; "" where it was none."""
    return next(
        (use.counted_id.removeprefix(_OF_PACKAGES) for use in uses if use.counted_id.startswith(_OF_PACKAGES)), ""
    )


def customer_package_use(customer_id: str, package_id: str, count: int, limit: int) -> CountedUse:
    """So many of a package for one customer, of at most `limit` over all orders that live."""
    # No id has such a character: no performance is counted with it.
    return CountedUse(f"{of_customer(customer_id)}{_OF_PACKAGES}{package_id}", count, limit)


def of_customer(customer_id: str) -> str:
    """How the names of all begin that is counted of one customer."""
    return f"{_OF_CUSTOMERS}{customer_id}:"


def is_of_a_customer(counted_id: str) -> bool:
    """Whether what is counted is tickets of one customer."""
    return counted_id.startswith(_OF_CUSTOMERS)


def thing_of(counted_id: str) -> tuple[str, str]:
    """Of what a customer's uses are counted: a performance or a package, and which."""
    _, of_what, thing_id = counted_id.rsplit(":", 2)
    return ("package", thing_id) if f"{of_what}:" == _OF_PACKAGES else ("performance", thing_id)


def with_tickets(uses: tuple[CountedUse, ...], tickets: Mapping[str, int]) -> tuple[CountedUse, ...]:
    """The uses of an order that has taken over so many tickets of these performances from another."""
    return without_tickets(uses, {name: -count for name, count in tickets.items()})


def without_tickets(uses: tuple[CountedUse, ...], tickets: Mapping[str, int]) -> tuple[CountedUse, ...]:
    """The uses of an order that gave so many tickets of these performances back: its customer may have others."""
    return tuple(
        replace(use, count=max(0, use.count - tickets.get(thing_of(use.counted_id)[1], 0)))
        if is_of_a_customer(use.counted_id) and thing_of(use.counted_id)[0] == "performance"
        else use
        for use in uses
    )


def without_discounts(uses: tuple[CountedUse, ...], discounts: Mapping[str, int]) -> tuple[CountedUse, ...]:
    """The uses of an order of which so many lines with these discounts were cancelled: others may use them.

    A code stands before the discount that it gave (Promotion.uses). Passes stay used until the whole order is gone.
    """
    left, given_back = list[CountedUse](), 0
    for use in reversed(uses):
        if use.counted_id.startswith(_OF_DISCOUNTS):
            given_back = discounts.get(use.counted_id.removeprefix(_OF_DISCOUNTS), 0)
        elif not use.counted_id.startswith(_OF_CODES):
            given_back = 0
        left.append(replace(use, count=max(0, use.count - given_back)) if given_back else use)
    return tuple(reversed(left))


def with_discounts(uses: tuple[CountedUse, ...], discounts: Mapping[str, int]) -> tuple[CountedUse, ...]:
    """The uses of an order that has taken over so many lines with these discounts from another."""
    return without_discounts(uses, {name: -count for name, count in discounts.items()})


def discounts_to_take_over(uses: Iterable[CountedUse]) -> tuple[CountedUse, ...]:
    """Of discounts and codes that another order uses: none yet, and as many as are taken over later."""
    kinds = (_OF_DISCOUNTS, _OF_CODES)
    return tuple(replace(use, count=0, limit=0) for use in uses if use.counted_id.startswith(kinds))
