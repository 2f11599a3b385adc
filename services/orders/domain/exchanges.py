"""Lines of one order that are given for another order: what both keep of it. Pure data; the rules are in exchanging."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.contracts.prices import ComponentKind
from services.orders.domain.refunds import LineRef, RefundRoute


class ExchangeStatus(Enum):
    """How far an exchange is. It never goes back from its end."""

    OPEN = "OPEN"
    DONE = "DONE"  # the new order has its tickets, the old lines have ended
    FREED = "FREED"  # the new order has ended otherwise: the old lines are as if nobody had asked


@dataclass(frozen=True, slots=True)
class ExchangeTerms:
    """What the house asks for it: parts of the price that it keeps and a fee a line, and how what is left goes back.

    `back` None: what the new order does not take stays with the house.
    """

    keep: frozenset[ComponentKind] = frozenset()
    fee_minor: int = 0
    back: RefundRoute | None = RefundRoute.ORIGIN


@dataclass(frozen=True, slots=True)
class Exchange:
    """What an order is made for: lines of the order `order_id`, whose value pays `pays_minor` of it.

    `value_minor` is all that they are worth in it. `payment_id`: the payment that backs it; empty where nothing does.
    `keeps_prices`: it is a reseat, and takes the discounts of the lines over with them.
    """

    order_id: str
    lines: tuple[LineRef, ...]
    value_minor: int
    pays_minor: int
    payment_id: str = ""
    terms: ExchangeTerms = ExchangeTerms()
    status: ExchangeStatus = ExchangeStatus.OPEN
    keeps_prices: bool = False


@dataclass(frozen=True, slots=True)
class GivenLines:
    """What an order has given, or is about to give, for the order `order_id`. While it is OPEN nobody else has them."""

    order_id: str
    lines: tuple[LineRef, ...]
    status: ExchangeStatus = ExchangeStatus.OPEN
