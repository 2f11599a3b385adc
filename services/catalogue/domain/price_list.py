"""Price lists: prices that many performances take, each as a copy with what is other for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.catalogue.domain.price import Price, faults_of_prices
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.texts import refused_text
from services.runtime.errors import FieldInvalid, refused_fields
from services.runtime.ids import refused_key


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices by name."""

    name: str
    prices: tuple[Price, ...]


def refused_price_list(price_list_id: str, price_list: PriceList) -> FieldInvalid | None:
    """All that is wrong with a price list by itself, None if nothing is."""
    return refused_fields(
        (
            refused_key("price_list.price_list_id", price_list_id),
            refused_text("price_list.name", price_list.name, at_most=MAX_NAME_CHARS),
            *within("price_list", faults_of_prices(price_list.prices)),
        )
    )


def within(field: str, faults: Iterable[FieldInvalid | None]) -> Iterator[FieldInvalid]:
    """The faults of a part of a message, as its sender names the fields."""
    for fault in faults:
        if fault is not None:
            yield dataclasses.replace(fault, field=f"{field}.{fault.field}")


def taken(price_list: PriceList, other: Iterable[Price]) -> tuple[Price, ...]:
    """The list's prices, those that are other in their places, and those that it lacks after them.

    Other prices that are there twice stay, for whoever checks the prices to tell of.
    """
    left = list(other)
    prices = []
    for price in price_list.prices:
        mine = next((one for one in left if _key(one) == _key(price)), None)
        if mine is not None:
            left.remove(mine)
        prices.append(mine or price)
    return (*prices, *left)


def _key(price: Price) -> tuple[str, str]:
    return price.category, price.ticket_type


@dataclass(frozen=True, slots=True)
class WantedPrices:
    """Prices, and the price list that they are other than; "" is none."""

    prices: tuple[Price, ...]
    price_list_id: str = ""


def refused_wanted(wanted: WantedPrices) -> FieldInvalid | None:
    """All that is wrong with them by themselves."""
    checks: list[FieldInvalid | None] = []
    if wanted.price_list_id:
        checks.append(refused_key("price_list_id", wanted.price_list_id))
    if wanted.prices or not wanted.price_list_id:
        checks += faults_of_prices(wanted.prices)
    return refused_fields(checks)
