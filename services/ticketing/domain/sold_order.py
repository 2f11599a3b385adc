"""An order and its buyer as letters tell of them: asked for when a letter is written, and not kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Tax:
    """Of one rate, in a line's price or in all that was paid."""

    rate_basis_points: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One seat and what was paid for it."""

    performance_id: str
    seat_id: str
    price_minor: int
    taxes: tuple[Tax, ...] = ()


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """`customer_id` is empty on orders from before customers were kept. Not `is_confirmed`: it has no tickets.

    `in_exchange`: by performance and seat, the order that the ticket is being given for and that nobody has ended yet.
    """

    order_id: str
    customer_id: str
    is_confirmed: bool
    lines: tuple[SoldLine, ...]
    in_exchange: Mapping[tuple[str, str], str] = field(default_factory=dict)
    payment_id: str = ""


class RefundWish(Enum):
    """What a buyer wishes for tickets given back; names as in balcon.orders.v1.RefundWish."""

    MONEY = "MONEY"
    VOUCHER = "VOUCHER"
    NOTHING = "NOTHING"


@dataclass(frozen=True, slots=True)
class AskedBack:
    """A buyer's request for a refund: its tickets by performance and seat, what was promised, why it was declined.

    `refund_ids`: what it has moved of the order's money, of which some may be owed yet.
    """

    seats: tuple[tuple[str, str], ...]
    wish: RefundWish
    back_minor: int
    reason: str
    refund_ids: tuple[str, ...] = ()
    is_owed: bool = False


@dataclass(frozen=True, slots=True)
class GivenVoucher:
    """A voucher that a buyer got instead of money, with what is left on it. Its code is money."""

    code: str = field(repr=False)
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever a letter goes to: personal data. `language` '': nobody has said."""

    customer_id: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    language: str
