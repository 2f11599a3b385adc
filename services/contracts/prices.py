"""What a price is made of, which tax is in it, what a discount takes off: one rule for what is shown and what is paid.

Whole minor units only; what is divided is divided exactly, so that every sum is the sum of its parts. Knows no protos.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from services.contracts.money import shared

# All of an amount, in basis points: 700 is 7 %.
WHOLE_BASIS_POINTS = 10_000


class ComponentKind(Enum):
    """What a part of a price is for. Values are what stores keep."""

    BASE = "base"
    THEATRE_SURCHARGE = "theatre_surcharge"
    SERVICE_FEE = "service_fee"
    WARDROBE_FEE = "wardrobe_fee"
    CONSUMPTION_FEE = "consumption_fee"


# R0.13: what counts as revenue of the performance. Fees are the house's own.
RECETTE: Final = frozenset({ComponentKind.BASE, ComponentKind.THEATRE_SURCHARGE})


class VatRounding(Enum):
    """How the tax in a price comes to whole minor units; a house has one rule. Values are what stores keep.

    The tax of one class is rounded once for each line, or once for the order, and then shared out exactly.
    """

    HALF_UP_PER_LINE = "half_up_per_line"
    HALF_EVEN_PER_LINE = "half_even_per_line"
    HALF_UP_PER_ORDER = "half_up_per_order"


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a price, VAT included. `vat_class` is empty where nobody has named one; the rate is 0 then.

    What is `avoidable` is charged only to those who ask for it.
    """

    kind: ComponentKind
    amount_minor: int
    vat_class: str = ""
    rate_basis_points: int = 0
    avoidable: bool = False


@dataclass(frozen=True, slots=True)
class PercentOff:
    """So much less of base and surcharge."""

    basis_points: int


@dataclass(frozen=True, slots=True)
class AmountOff:
    """So much less, and not below nothing."""

    amount_minor: int


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """Base and surcharge cost this much together, unless they cost less anyway."""

    amount_minor: int


Effect = PercentOff | AmountOff | FixedPrice


def charged(components: Iterable[Component], extras: Collection[ComponentKind] = ()) -> tuple[Component, ...]:
    """What is to be paid: all that nobody can avoid (R2.9), and of the rest what was asked for."""
    return tuple(one for one in components if not one.avoidable or one.kind in extras)


def amount_of(components: Iterable[Component]) -> int:
    """Their sum."""
    return sum(one.amount_minor for one in components)


def recette(components: Iterable[Component]) -> int:
    """R0.13: base price and theatre surcharge, VAT included, without service, wardrobe and consumption fees."""
    return amount_of(one for one in components if one.kind in RECETTE)


def discounted(components: Sequence[Component], effect: Effect, rounding: VatRounding) -> tuple[Component, ...]:
    """The components with the discount taken off: of the base first, then of the surcharge. Fees stay as they are."""
    left = _taken_off(recette(components), effect, rounding)
    lower = []
    for one in sorted(components, key=lambda each: each.kind is not ComponentKind.BASE):
        less = min(left, one.amount_minor) if one.kind in RECETTE else 0
        left -= less
        lower.append(dataclasses.replace(one, amount_minor=one.amount_minor - less))
    return tuple(lower)


def _taken_off(amount_minor: int, effect: Effect, rounding: VatRounding) -> int:
    match effect:
        case PercentOff(basis_points):
            return _divided(amount_minor * basis_points, WHOLE_BASIS_POINTS, rounding)
        case AmountOff(less):
            return min(less, amount_minor)
        case FixedPrice(fixed):
            return max(0, amount_minor - fixed)
        case _:
            assert_never(effect)


def vat_contained(gross_minor: int, rate_basis_points: int, rounding: VatRounding) -> int:
    """The tax in an amount that includes it; the rest is net, so both together are always the amount."""
    return _divided(gross_minor * rate_basis_points, WHOLE_BASIS_POINTS + rate_basis_points, rounding)


def vat_of(lines: Sequence[Sequence[Component]], rounding: VatRounding) -> tuple[tuple[int, ...], ...]:
    """The tax in each component of each line of an order.

    Over any of lines, classes and components the sums are the same, and none has more tax than it has money.
    """
    if rounding is VatRounding.HALF_UP_PER_ORDER:
        flat = iter(_vat_of_one([one for line in lines for one in line], rounding))
        return tuple(tuple(next(flat) for _ in line) for line in lines)
    return tuple(_vat_of_one(line, rounding) for line in lines)


def _vat_of_one(components: Sequence[Component], rounding: VatRounding) -> tuple[int, ...]:
    """The tax of each class rounded once and shared over its components."""
    places: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for place, one in enumerate(components):
        places[one.vat_class, one.rate_basis_points].append(place)
    found = [0] * len(components)
    for (_, rate), of_class in places.items():
        amounts = [components[place].amount_minor for place in of_class]
        vat = vat_contained(sum(amounts), rate, rounding)
        for place, share in zip(of_class, shared(vat, amounts), strict=True):
            found[place] = share
    return tuple(found)


def _divided(numerator: int, denominator: int, rounding: VatRounding) -> int:
    """Not negative. Halves go up (commercial rounding), or to the even neighbour where that is the house's rule."""
    whole, rest = divmod(numerator, denominator)
    is_half, is_more = 2 * rest == denominator, 2 * rest > denominator
    if rounding is VatRounding.HALF_EVEN_PER_LINE:
        return whole + (is_more or (is_half and whole % 2 == 1))
    return whole + (is_more or is_half)
