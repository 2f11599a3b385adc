"""Prices: category x ticket type, what they are made of, and what may be wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from services.contracts.bounds import (
    MAX_CATEGORY_CHARS,
    MAX_PRICE_MINOR,
    MAX_TICKET_TYPE_CHARS,
    NORMAL_TICKET_TYPE,
)
from services.contracts.prices import Component, ComponentKind, amount_of, charged
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key

MAX_PRICES = 1_000

_UNAVOIDABLE = frozenset({ComponentKind.BASE, ComponentKind.THEATRE_SURCHARGE})
_KINDS = ", ".join(kind.value for kind in ComponentKind)


class TicketKind(Enum):
    """What a ticket counts as in figures. Values are what the store keeps."""

    NORMAL = "normal"
    DISCOUNT = "discount"
    FREE = "free"
    OTHER = "other"


NO_KINDS: Mapping[str, TicketKind | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """A part of a price as the house gave it. `kind` is None where the caller named none; no class is the tickets'."""

    kind: ComponentKind | None
    amount_minor: int
    currency: str
    vat_class: str = ""
    avoidable: bool = False

    def as_component(self) -> Component:
        """Of a checked price; its rate is not known yet."""
        assert self.kind is not None
        return Component(self.kind, self.amount_minor, self.vat_class, avoidable=self.avoidable)


@dataclass(frozen=True, slots=True)
class Price:
    """What a seat of a category costs with a ticket type. `kind` is None where the caller named none.

    The amount is the sum of the components that nobody can avoid; without components it is the base.
    """

    category: str
    ticket_type: str
    kind: TicketKind | None
    amount_minor: int
    currency: str
    components: tuple[PriceComponent, ...] = ()

    def as_its_own_component(self) -> PriceComponent:
        """The amount as the base."""
        return PriceComponent(ComponentKind.BASE, self.amount_minor, self.currency)


def faults_of_prices(prices: Sequence[Price]) -> Iterator[FieldInvalid | None]:
    """All that is wrong with prices by themselves; refused_prices looks at them beside a plan."""
    if not 1 <= len(prices) <= MAX_PRICES:
        problem = f"has {len(prices):,} prices" if prices else UNSET
        yield FieldInvalid("prices", problem, f"1 to {MAX_PRICES:,} prices")
        return
    for index, price in enumerate(prices):
        field = f"prices[{index}]"
        yield refused_text(f"{field}.category", price.category, at_most=MAX_CATEGORY_CHARS)
        yield refused_text(f"{field}.ticket_type", price.ticket_type, at_most=MAX_TICKET_TYPE_CHARS)
        if price.kind is None:
            yield FieldInvalid(f"{field}.kind", UNSET, "normal, discount, free or other")
        yield _refused_amount(f"{field}.amount.amount_minor", price)
        if not price.currency:
            yield FieldInvalid(f"{field}.amount.currency", UNSET, "the house's")
        yield from _faults_of_components(field, price)


def _refused_amount(field: str, price: Price) -> FieldInvalid | None:
    if not 0 <= price.amount_minor <= MAX_PRICE_MINOR:
        return FieldInvalid(field, f"is {price.amount_minor}", f"0 to {MAX_PRICE_MINOR:,} minor units")
    if price.kind is TicketKind.FREE and price.amount_minor:
        return FieldInvalid(field, f"is {price.amount_minor} for a free ticket", "0")
    return None


def _faults_of_components(above: str, price: Price) -> Iterator[FieldInvalid | None]:
    if not price.components:
        return
    kinds = [one.kind for one in price.components]
    if len(kinds) > len(ComponentKind) or len({*kinds} - {None}) < len([kind for kind in kinds if kind]):
        yield FieldInvalid(f"{above}.components", f"has {len(kinds)} components", "one of each kind at most")
        return
    for place, one in enumerate(price.components):
        field = f"{above}.components[{place}]"
        if one.kind is None:
            yield FieldInvalid(f"{field}.kind", UNSET, _KINDS)
        if not 0 <= one.amount_minor <= MAX_PRICE_MINOR:
            limit = f"0 to {MAX_PRICE_MINOR:,} minor units"
            yield FieldInvalid(f"{field}.amount.amount_minor", f"is {one.amount_minor}", limit)
        if one.currency != price.currency or not one.currency:
            problem = f"is {one.currency[:8]!r}" if one.currency else UNSET
            yield FieldInvalid(f"{field}.amount.currency", problem, "that of the price")
        if one.vat_class:
            yield refused_key(f"{field}.vat_class", one.vat_class)
        if one.avoidable and one.kind in _UNAVOIDABLE:
            yield FieldInvalid(f"{field}.avoidable", "is true for what everybody pays", "fees only")
    yield _refused_sum(above, price)


def _refused_sum(above: str, price: Price) -> FieldInvalid | None:
    """R2.9: what is shown is what is charged."""
    if any(one.kind is None for one in price.components):
        return None
    come_to = amount_of(charged(one.as_component() for one in price.components))
    if come_to == price.amount_minor:
        return None
    limit = f"the amount, {price.amount_minor:,}, without what can be avoided"
    return FieldInvalid(f"{above}.components", f"come to {come_to:,} minor units", limit)


def refused_prices(
    prices: Sequence[Price],
    categories: Iterable[str],
    currency: str,
    vat_classes: Collection[str] = (),
    kinds: Mapping[str, TicketKind | None] = NO_KINDS,
) -> FieldInvalid | None:
    """Prices beside a plan and a house: known categories and VAT classes, each category once per ticket type, `normal`
    for all, one currency.
    """
    known = list(categories)
    unknown = (
        FieldInvalid(f"prices[{index}].category", f"{price.category!r} is unknown", "a category of the seating plan")
        for index, price in enumerate(prices)
        if price.category not in known
    )
    full = {price.category for price in prices if price.ticket_type == NORMAL_TICKET_TYPE}
    missing = (
        FieldInvalid(
            "prices",
            f"has no price for category {category!r}",
            f"ticket type {NORMAL_TICKET_TYPE!r} for every category of the plan",
        )
        for category in known
        if category not in full
    )
    return refused_fields((*unknown, *faults_beside_the_house(prices, currency, vat_classes, kinds), *missing))


def faults_beside_the_house(
    prices: Sequence[Price],
    currency: str,
    vat_classes: Collection[str],
    kinds: Mapping[str, TicketKind | None],
) -> Iterator[FieldInvalid]:
    """Prices beside a house, whatever the plan. `kinds`: of its ticket types, None of those that are archived."""
    seen: set[tuple[str, str]] = set()
    for index, price in enumerate(prices):
        field = f"prices[{index}]"
        if price.currency != currency:
            yield FieldInvalid(f"{field}.amount.currency", "is not the house's", currency)
        if (price.category, price.ticket_type) in seen:
            yield FieldInvalid(field, "is there twice", "one price for each category and ticket type")
        seen.add((price.category, price.ticket_type))
        if price.ticket_type in kinds and kinds[price.ticket_type] is not price.kind:
            kind = kinds[price.ticket_type]
            limit = f"{kind.value}, as the ticket type is" if kind else "a ticket type that is not archived"
            yield FieldInvalid(f"{field}.kind" if kind else f"{field}.ticket_type", "does not fit", limit)
        for place, one in enumerate(price.components):
            if one.vat_class and one.vat_class not in vat_classes:
                problem = f"{one.vat_class!r} is unknown or archived"
                yield FieldInvalid(f"{field}.components[{place}].vat_class", problem, "a VAT class of the house")
