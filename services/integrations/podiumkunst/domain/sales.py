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
    """One ticket: its kind, and what its price is made of: (component, minor units). Seats are kept since lately."""

    kind: Kind
    parts: tuple[tuple[str, int], ...]
    seat_id: str = ""


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
    """So much of it has gone back in all, never a delta; its tickets stay. `recettes`: of which seats so much recette;
    none where nobody has said, then it is shared out.
    """

    back_minor: int
    recettes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LinesCancelled:
    """Tickets that let nobody in any more, by seat and kind. Their money has words of its own."""

    lines: tuple[tuple[str, Kind], ...]


@dataclass(frozen=True, slots=True)
class OrderBack:
    """All of it has gone back, and its tickets with it."""


OrderFact: TypeAlias = OrderSold | LinesCancelled | MoneyBack | OrderBack


class Cut(NamedTuple):
    """What was taken of an order line by line: tickets that were cancelled, and recette that went back, by seat."""

    cancelled: tuple[tuple[str, Kind], ...] = ()
    recettes: tuple[tuple[str, int], ...] = ()


WHOLE: Final = Cut()


@dataclass(frozen=True, slots=True)
class OrderAccount:
    """What is known of one order at one performance."""

    sale: OrderSold | None = None
    back_minor: int = 0
    is_back: bool = False
    cut: Cut = WHOLE


def fold(account: OrderAccount, fact: OrderFact) -> OrderAccount:
    """The account after `fact`: the same for one that it had before, and in whatever order they came."""
    match fact:
        case OrderSold():
            return replace(account, sale=fact) if account.sale is None else account
        case LinesCancelled(lines):
            cancelled = tuple(sorted({*account.cut.cancelled, *lines}))
            return replace(account, cut=account.cut._replace(cancelled=cancelled))
        case MoneyBack(back_minor, recettes):
            if back_minor <= account.back_minor:
                return account
            return replace(account, back_minor=back_minor, cut=account.cut._replace(recettes=recettes))
        case OrderBack():
            return replace(account, is_back=True)
        case _:
            assert_never(fact)


def left_of(account: OrderAccount) -> Mapping[Kind, Sold]:
    """What is left of it, by kind."""
    if account.sale is None or account.is_back:
        return {}
    lines = account.sale.lines
    found = _by_kind(account, lines)
    for _, kind in account.cut.cancelled:
        found[kind] = found.get(kind, NOTHING).minus(Sold(1, 0))
    return {kind: sold for kind, sold in found.items() if sold != NOTHING}


def _by_kind(account: OrderAccount, lines: Sequence[SoldLine]) -> dict[Kind, Sold]:
    """All tickets with the recette that is left of them."""
    found: dict[Kind, Sold] = {}
    told = dict(account.cut.recettes)
    if account.back_minor and told and all(line.seat_id for line in lines):
        for line in lines:
            left = _recette(line.parts, 0) - told.get(line.seat_id, 0)
            found[line.kind] = found.get(line.kind, NOTHING).plus(Sold(1, left))
        return found
    amounts = [sum([amount for _, amount in line.parts]) for line in lines]
    back = shared(min(account.back_minor, sum(amounts)), amounts) if account.back_minor else [0] * len(lines)
    for line, gone in zip(lines, back, strict=True):
        found[line.kind] = found.get(line.kind, NOTHING).plus(Sold(1, _recette(line.parts, gone)))
    return found


def _recette(parts: Sequence[tuple[str, int]], back_minor: int) -> int:
    if not back_minor:
        return sum([amount for component, amount in parts if component in _COUNTS])
    gone = shared(back_minor, [amount for _, amount in parts])
    return sum([amount - less for (component, amount), less in zip(parts, gone, strict=True) if component in _COUNTS])
