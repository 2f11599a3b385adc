"""What the services' records say, as plain values. Knows no wire and no service.

A `house_id` is "" where it comes from a service of a release that did not tell it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from services.contracts.standing import COUNTS_AS_SOLD


@dataclass(frozen=True, slots=True)
class SeatFact:
    """Inventory: an active claim or a sale."""

    performance_id: str
    seat_id: str
    order_id: str
    sold: bool
    house_id: str = ""


@dataclass(frozen=True, slots=True)
class OrderFact:
    """Orders: an order's part in a performance; `state` such as CONFIRMED, `seats_are` such as SOLD, money in minor
    units: the part's, but for `order_*`. Payments has the payment for all parts under the performance `paid_under`.
    None and "" come from orders services that know of no parts.
    """

    performance_id: str
    order_id: str
    state: str
    total_minor: int
    seats: int
    refunded_minor: int = 0
    was_confirmed: bool = False
    seats_are: str = ""
    order_total_minor: int | None = None
    order_refunded_minor: int = 0
    paid_under: str = ""
    house_id: str = ""
    off_sale_seat_ids: tuple[str, ...] = ()

    @property
    def counts_as_sold(self) -> bool:
        """Whether its tickets are sold and its money is revenue: see services.contracts.standing."""
        return self.was_confirmed and self.state in COUNTS_AS_SOLD

    @property
    def kept_minor(self) -> int:
        """What the house still has of the part's total."""
        return self.total_minor - self.refunded_minor

    @property
    def order_kept_minor(self) -> int:
        """What the house still has of all that the order cost."""
        return self.kept_minor if self.order_total_minor is None else self.order_total_minor - self.order_refunded_minor


@dataclass(frozen=True, slots=True)
class TicketFact:
    """Orders: a valid ticket. `is_signed`: its code is ticketing's."""

    performance_id: str
    seat_id: str
    order_id: str
    house_id: str = ""
    is_signed: bool = False


@dataclass(frozen=True, slots=True)
class CodeFact:
    """Ticketing: a ticket of an order that lets in."""

    performance_id: str
    seat_id: str
    order_id: str
    house_id: str = ""


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """Payments: a payment; `state` such as SUCCEEDED, money in minor units."""

    performance_id: str
    order_id: str
    payment_id: str
    state: str
    refunded: bool
    amount_minor: int
    refunded_minor: int = 0
    house_id: str = ""


@dataclass(frozen=True, slots=True)
class TotalsFact:
    """Reporting: what it tells of a performance, in its totals or its ledger; money in minor units."""

    performance_id: str
    sold: int
    revenue_minor: int
    house_id: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything one round of questions brought."""

    seats: list[SeatFact] = field(default_factory=list)
    orders: list[OrderFact] = field(default_factory=list)
    tickets: list[TicketFact] = field(default_factory=list)
    payments: list[PaymentFact] = field(default_factory=list)
    totals: list[TotalsFact] = field(default_factory=list)
    codes: list[CodeFact] = field(default_factory=list)
    ledgers: list[TotalsFact] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OwnCheck:
    """What a service found when it checked itself."""

    service: str
    invariant: str
    name: str
    examined: int
    violations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison between services: how many rows it looked at and which break it."""

    invariant: str
    name: str
    examined: int
    breaches: tuple[Breach, ...]


@dataclass(frozen=True, slots=True)
class Breach:
    """A row that breaks an invariant. `subject` and `found` stay the same while nothing moves; `text` is for people."""

    subject: str
    found: str
    text: str
