"""An order and its buyer as letters tell of them: asked for when a letter is written, and not kept."""

from __future__ import annotations

from dataclasses import dataclass, field


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
    """`customer_id` is empty on orders from before customers were kept. Not `is_confirmed`: it has no tickets."""

    order_id: str
    customer_id: str
    is_confirmed: bool
    lines: tuple[SoldLine, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever a letter goes to: personal data. `language` '': nobody has said."""

    customer_id: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    language: str
