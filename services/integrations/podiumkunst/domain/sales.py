"""What is left of an order by ticket kind: tickets and recette (R0.12, R0.13). Folds what comes twice or out of order.

The recette of a line is its base and theatre surcharge; what goes back is shared out by what each part cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias, assert_never

from services.contracts.money import shared
from services.contracts.prices import RECETTE


class Kind(StrEnum):
    """A ticket kind of the platform. Values are what stores and the platform have."""

    NORMAL = "normal"
    DISCOUNT = "discount"
    FREE = "free"
    OTHER = "other"


class Sold(NamedTuple):
    """So many tickets, and their recette in minor units."""

    tickets: int = 0
    recette_minor: int = 0

    def plus(self, other: Sold) -> Sold:
        """Both together."""
        return Sold(self.tickets + other.tickets, self.recette_minor + other.recette_minor)

    def minus(self, other: Sold) -> Sold:
        """What is more than in `other`."""
        return Sold(self.tickets - other.tickets, self.recette_minor - other.recette_minor)


NOTHING: Final = Sold()
_COUNTS: Final = frozenset(kind.value for kind in RECETTE)


class SoldLine(NamedTuple):
    """One ticket: its kind, and what its price is made of: (component, minor units)."""

    kind: Kind
    parts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Seller:
    """By whose hand. `subject` is empty for buyers, whose number has no end."""

    kind: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class OrderSold:
    """An order was paid and has its tickets, as far as one performance goes."""

    seller: Seller
    currency: str
    lines: tuple[SoldLine, ...]


@dataclass(frozen=True, slots=True)
class MoneyBack:
    """So much of it has gone back in all, never a delta; its tickets stay."""

    back_minor: int


@dataclass(frozen=True, slots=True)
class OrderBack:
    """All of it has gone back, and its tickets with it."""


OrderFact: TypeAlias = OrderSold | MoneyBack | OrderBack


@dataclass(frozen=True, slots=True)
class OrderAccount:
    """What is known of one order at one performance."""

    sale: OrderSold | None = None
    back_minor: int = 0
    is_back: bool = False


def fold(account: OrderAccount, fact: OrderFact) -> OrderAccount:
    """The account after `fact`: the same for one that it had before, and in whatever order they came."""
    match fact:
        case OrderSold():
            return replace(account, sale=fact) if account.sale is None else account
        case MoneyBack(back_minor):
            return replace(account, back_minor=max(account.back_minor, back_minor))
        case OrderBack():
            return replace(account, is_back=True)
        case _:
            assert_never(fact)


def left_of(account: OrderAccount) -> Mapping[Kind, Sold]:
    """What is left of it, by kind."""
    if account.sale is None or account.is_back:
        return {}
    lines = account.sale.lines
    amounts = [sum([amount for _, amount in line.parts]) for line in lines]
    back = shared(min(account.back_minor, sum(amounts)), amounts) if account.back_minor else [0] * len(lines)
    found: dict[Kind, Sold] = {}
    for line, gone in zip(lines, back, strict=True):
        found[line.kind] = found.get(line.kind, NOTHING).plus(Sold(1, _recette(line.parts, gone)))
    return found


def _recette(parts: Sequence[tuple[str, int]], back_minor: int) -> int:
    if not back_minor:
        return sum([amount for component, amount in parts if component in _COUNTS])
    gone = shared(back_minor, [amount for _, amount in parts])
    return sum([amount - less for (component, amount), less in zip(parts, gone, strict=True) if component in _COUNTS])
