"""What a house's prices are read with: its VAT classes, its rules, its time zone. Tells prices with the rates in them.

The rate is that of the date of the performance in house time, for admission is supplied there and then: Directive
2006/112/EC art. 63 and 93, art. 95 for what was paid before a change; § 27 (1) UStG says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.catalogue.domain.price import Price, TicketKind
from services.catalogue.domain.ticket_type import TicketType
from services.catalogue.domain.vat import VatClass
from services.contracts.house_time import local_of
from services.contracts.prices import Component, VatRounding


@dataclass(frozen=True, slots=True)
class PriceBook:
    """One house's, as it is now. `retired`: classes, `retired_types`: ticket types that nothing new may name."""

    time_zone: str = "UTC"
    rounding: VatRounding = VatRounding.HALF_UP_PER_LINE
    ticket_vat_class: str = ""
    vat_classes: Mapping[str, VatClass] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()
    ticket_types: Mapping[str, TicketType] = field(default_factory=dict)
    retired_types: frozenset[str] = frozenset()
    seats_per_customer: int = 0
    seats_per_instrument: int = 0

    @property
    def usable(self) -> frozenset[str]:
        """The classes that a new price may name."""
        return frozenset(self.vat_classes) - self.retired

    @property
    def kinds(self) -> Mapping[str, TicketKind | None]:
        """Of the ticket types that the house keeps; None where a new price may not name it."""
        return {
            name: None if name in self.retired_types else ticket_type.kind
            for name, ticket_type in self.ticket_types.items()
        }

    def terms(self, prices: Iterable[Price]) -> Mapping[str, TicketType]:
        """The ticket types of the prices that are sold under conditions."""
        named = dict.fromkeys(price.ticket_type for price in prices)
        found = {name: self.ticket_types[name] for name in named if name in self.ticket_types}
        return {name: ticket_type for name, ticket_type in found.items() if ticket_type.has_terms}

    def components(self, price: Price, starts_at_ms: int) -> tuple[Component, ...]:
        """What the price is made of, with the rates of the day on which the performance begins."""
        return self.components_on(self.day_of(starts_at_ms), price)

    def day_of(self, starts_at_ms: int) -> str:
        """The date in house time."""
        return local_of(self.time_zone, starts_at_ms).date().isoformat()

    def components_on(self, day: str, price: Price) -> tuple[Component, ...]:
        """What the price is made of, with the rates of that day."""
        return tuple(
            self._resolved(one.as_component(), day) for one in price.components or (price.as_its_own_component(),)
        )

    def _resolved(self, component: Component, day: str) -> Component:
        name = component.vat_class or self.ticket_vat_class
        vat_class = self.vat_classes.get(name)
        rate = vat_class.rate_on(day) if vat_class else 0
        return Component(component.kind, component.amount_minor, name if vat_class else "", rate, component.avoidable)


NO_BOOK = PriceBook()


@dataclass(frozen=True, slots=True)
class PricesTold:
    """Prices with their components, as everybody is told them, and the least of them at the full price (R2.9)."""

    prices: tuple[tuple[Price, tuple[Component, ...]], ...]
    from_minor: int
    currency: str
    rounding: VatRounding
    terms: Mapping[str, TicketType]


def told(prices: tuple[Price, ...], book: PriceBook, starts_at_ms: int) -> PricesTold:
    """One price at least."""
    day = book.day_of(starts_at_ms)
    full = [price.amount_minor for price in prices if price.kind is TicketKind.NORMAL]
    return PricesTold(
        tuple((price, book.components_on(day, price)) for price in prices),
        min(full or [price.amount_minor for price in prices]),
        prices[0].currency,
        book.rounding,
        book.terms(prices),
    )
