"""What an order costs: seat's category x ticket type, in whole minor units, and the tax in it (contracts.prices)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.contracts.prices import Component, ComponentKind, VatRounding, amount_of, charged, vat_of
from services.orders.domain.order import (
    NO_VAT,
    UNNAMED,
    LineComponent,
    Money,
    OrderLine,
    SeatName,
    TicketKind,
    Vat,
)
from services.orders.domain.promotions import Promotion, reduced
from services.orders.domain.refusals import PromotionNotValid, SeatUnknown, TicketTypeUnknown
from services.orders.domain.uses import CountedUse
from services.runtime.errors import FieldInvalid, Refusal


@dataclass(frozen=True, slots=True)
class SeatChoice:
    """A seat and how the buyer wants to pay for it."""

    seat_id: str
    ticket_type: str = NORMAL_TICKET_TYPE
    # Fees that could be avoided and are asked for.
    extras: frozenset[ComponentKind] = frozenset()
    # Of a pass, where the ticket type asks for one; people's own, so never kept or told.
    pass_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PriceList:
    """A performance's prices: (category, ticket type) to minor units of one currency, and to what sort each is."""

    currency: str
    amounts: Mapping[tuple[str, str], int]
    kinds: Mapping[tuple[str, str], TicketKind] = field(default_factory=dict)
    # What those amounts are made of, and beside it what can be avoided; without them an amount is its base.
    components: Mapping[tuple[str, str], tuple[Component, ...]] = field(default_factory=dict)
    rounding: VatRounding = VatRounding.HALF_UP_PER_LINE

    def ticket_types(self, category: str) -> tuple[str, ...]:
        """What can be bought in a category."""
        return tuple(sorted(ticket_type for known, ticket_type in self.amounts if known == category))


@dataclass(frozen=True, slots=True)
class PlanSeat:
    """A seat of the plan: what it costs depends on its category; its name is for people."""

    category: str
    name: SeatName = UNNAMED


@dataclass(frozen=True, slots=True)
class Listed:
    """A part's lines at the prices of the list, and what each price is made of; no tax is worked out yet.

    `open_to_promotion`: whether what is taken off the order may be taken off these.
    """

    lines: tuple[OrderLine, ...]
    made_of: tuple[tuple[Component, ...], ...]
    open_to_promotion: bool = True


@dataclass(frozen=True, slots=True)
class PricedParts:
    """The lines of each part, and what all of them take of things that are limited."""

    lines: tuple[tuple[OrderLine, ...], ...]
    uses: tuple[CountedUse, ...] = ()


def listed(
    choices: Sequence[SeatChoice], prices: PriceList, seats: Mapping[str, PlanSeat], plan_version: int
) -> Listed | Refusal:
    """One line per choice in their order, at the price of the list. `seats`: those of the plan, by seat id."""
    unknown = tuple(choice.seat_id for choice in choices if choice.seat_id not in seats)
    if unknown:
        return SeatUnknown(unknown, plan_version)
    lines: list[OrderLine] = []
    made_of: list[tuple[Component, ...]] = []
    for place, choice in enumerate(choices):
        seat = seats[choice.seat_id]
        key = (seat.category, choice.ticket_type)
        amount = prices.amounts.get(key)
        if amount is None:
            known = prices.ticket_types(seat.category)
            return TicketTypeUnknown(choice.ticket_type, seat.category, choice.seat_id, known)
        all_of_it = prices.components.get(key) or (Component(ComponentKind.BASE, amount),)
        if refusal := _refused_extras(place, choice, all_of_it):
            return refusal
        made_of.append(charged(all_of_it, choice.extras))
        price = Money(amount_of(made_of[-1]), prices.currency)
        lines.append(OrderLine(choice.seat_id, *key, price, seat.name, prices.kinds.get(key)))
    return Listed(tuple(lines), tuple(made_of))


def priced_parts(
    parts: Sequence[Listed], promotion: Promotion | None, rounding: VatRounding
) -> PricedParts | PromotionNotValid:
    """The order's lines, part by part, with the promotion taken off the dearest of all that it is for, and their tax.

    What is taken and what is rounded is one thing an order, so its sums are those of its lines, whatever the parts.
    """
    lines = [line for part in parts for line in part.lines]
    made_of = [components for part in parts for components in part.made_of]
    uses: tuple[CountedUse, ...] = ()
    if promotion is not None:
        meant = [part.open_to_promotion for part in parts for _ in part.lines]
        lower = reduced(lines, made_of, promotion, rounding, meant)
        if isinstance(lower, Refusal):
            return lower
        lines, made_of, uses = list(lower.lines), list(lower.made_of), lower.uses
    taxed = iter(with_tax(lines, made_of, rounding))
    return PricedParts(tuple(tuple(next(taxed) for _ in part.lines) for part in parts), uses)


def _refused_extras(place: int, choice: SeatChoice, components: Iterable[Component]) -> FieldInvalid | None:
    there = {one.kind for one in components if one.avoidable}
    if choice.extras <= there:
        return None
    unknown = ", ".join(sorted(kind.value for kind in choice.extras - there))
    limit = ", ".join(sorted(kind.value for kind in there)) or "none with this price"
    return FieldInvalid(f"seats[{place}].extras", f"has {unknown}", limit)


def with_tax(
    lines: Sequence[OrderLine], made_of: Sequence[Sequence[Component]], rounding: VatRounding
) -> tuple[OrderLine, ...]:
    """The lines with their components, and the tax in each by the house's rule."""
    taxed = zip(lines, made_of, vat_of(made_of, rounding), strict=True)
    return tuple(_with_components(line, components, taxes) for line, components, taxes in taxed)


def _with_components(line: OrderLine, components: Sequence[Component], taxes: Sequence[int]) -> OrderLine:
    parts = tuple(
        LineComponent(one.kind, one.amount_minor, Vat(one.vat_class, one.rate_basis_points, tax))
        for one, tax in zip(components, taxes, strict=True)
    )
    classes = {(part.vat.vat_class, part.vat.rate_basis_points) for part in parts}
    vat = Vat(*classes.pop(), sum(taxes)) if len(classes) == 1 else NO_VAT
    return replace(line, components=parts, vat=vat)


def vat_totals(lines: Iterable[OrderLine]) -> tuple[Vat, ...]:
    """The tax in all of them by class and rate, of what names a class."""
    totals: Counter[tuple[str, int]] = Counter()
    for line in lines:
        for one in line.components:
            if one.vat.vat_class:
                totals[one.vat.vat_class, one.vat.rate_basis_points] += one.vat.amount_minor
    return tuple(Vat(*key, minor) for key, minor in sorted(totals.items()))


def total_of(lines: Sequence[OrderLine], currency: str) -> Money:
    """The sum of the lines, all in one currency."""
    assert all(line.price.currency == currency for line in lines), "one currency an order"
    return Money(sum(line.price.amount_minor for line in lines), currency)
