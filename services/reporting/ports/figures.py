"""Figures as reports, dashboards and settlements ask for them: one question, answered from the served read models.

Every question names what may be seen of one house; nobody adds figures of several houses in one statement (R3.1).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from services.contracts.channels import Channel


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody may see of one house: all of it, or what is granted (R3.3). Nothing named is nothing seen."""

    house_id: str
    whole_house: bool = False
    production_ids: frozenset[str] = frozenset()
    performance_ids: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether no performance could be in it."""
        return not (self.whole_house or self.production_ids or self.performance_ids)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of it is asked for. Empty sets and None narrow nothing; times are half open, in unix milliseconds.

    `moved_*` is when money or tickets moved (transaction date), `starts_*` when the performance begins (event date).
    """

    performance_ids: frozenset[str] = frozenset()
    production_ids: frozenset[str] = frozenset()
    hall_ids: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    channels: frozenset[Channel] = frozenset()
    # Subjects of principals: staff, resellers (R3.20).
    sellers: frozenset[str] = frozenset()
    office_ids: frozenset[str] = frozenset()
    moved_from_ms: int | None = None
    moved_until_ms: int | None = None
    starts_from_ms: int | None = None
    starts_until_ms: int | None = None


class Dimension(Enum):
    """What sums are told apart by. Days and hours are the house's; values are text that sorts."""

    PERFORMANCE = "performance"
    PRODUCTION = "production"
    HALL = "hall"
    CATEGORY = "category"
    # normal, discount, free, other (R0.2).
    KIND = "kind"
    TICKET_TYPE = "ticket_type"
    CHANNEL = "channel"
    DISCOUNT = "discount"
    OFFICE = "office"
    # What sort of principal sold it, and which.
    SELLER_KIND = "seller_kind"
    SELLER = "seller"
    SEAT = "seat"
    # Parts of the price; tickets and discounts are not told by these (0), money and its tax are.
    COMPONENT = "component"
    VAT_CLASS = "vat_class"
    # Basis points, five digits: 00700 is 7 %.
    VAT_RATE = "vat_rate"
    # YYYY-MM-DDThh:mm, YYYY-MM-DDThh, YYYY-MM-DD, its Monday, YYYY-MM of the movement, and of the performance's start.
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    EVENT_DAY = "event_day"
    # Whole days of the house's calendar from the movement to the performance, five digits: 00000 is the day itself,
    # -00001 the day after it.
    DAYS_BEFORE = "days_before"


@dataclass(frozen=True, slots=True)
class Sums:
    """Tickets and minor units of one currency, VAT included. What is left of them is `tickets` and `revenue_minor`."""

    tickets_sold: int = 0
    tickets_back: int = 0
    sold_minor: int = 0
    back_minor: int = 0
    # Of what is left: the tax in it, and what discounts took off.
    vat_minor: int = 0
    discount_minor: int = 0

    @property
    def tickets(self) -> int:
        """Sold and not back."""
        return self.tickets_sold - self.tickets_back

    @property
    def revenue_minor(self) -> int:
        """What those brought, less what went back in parts."""
        return self.sold_minor - self.back_minor


@dataclass(frozen=True, slots=True)
class SumRow:
    """One row of an answer: a value for each dimension that was asked for, in its order."""

    values: tuple[str, ...]
    currency: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class PerformanceFigures:
    """A performance with the counts of its seats, as of now (R0.3). `starts_at_ms` 0: nobody has said yet."""

    house_id: str
    performance_id: str
    production_id: str
    title: str
    hall_id: str
    starts_at_ms: int
    currency: str
    capacity: int
    free: int
    held: int
    blocked: int
    reserved: int
    allotted: int
    reported_sold: int
    is_cancelled: bool
    sums: Sums = field(default_factory=Sums)
    updated_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Movement:
    """One ticket that was sold (1), came back (-1), or gave some of its money back (0).

    Amounts have that sign too, less than 0 for what went back: over a ticket's movements they add up to what is left.
    """

    performance_id: str
    order_id: str
    seat_id: str
    tickets: int
    category: str
    kind: str
    ticket_type: str
    channel: Channel
    amount_minor: int
    vat_minor: int
    discount_minor: int
    currency: str
    discount_id: str
    office_id: str
    seller_kind: str
    seller: str
    customer_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class FunnelStepCount:
    """Visits that came to a step of the shop, each once."""

    performance_id: str
    step: str
    visits: int


@dataclass(frozen=True, slots=True)
class AllotmentFigures:
    """One allotment: handed_out = reported_sold + returned + open, always (R1)."""

    performance_id: str
    allotment_id: str
    office_id: str
    kind: str
    handed_out: int
    reported_sold: int
    returned: int
    open: int
    is_closed: bool


class Figures(Protocol):
    """The served read models. An unknown house or a sight of nothing gives nothing; it is no error."""

    async def sums(self, sight: Sight, narrowing: Narrowing, by: Sequence[Dimension]) -> Sequence[SumRow]:
        """One row for each combination there is, sorted by its values; without dimensions one row a currency."""
        ...

    async def performances(self, sight: Sight, narrowing: Narrowing) -> Sequence[PerformanceFigures]:
        """By start. `moved_*`, channels, sellers and offices narrow the sums, never which performances are told."""
        ...

    def movements(self, sight: Sight, narrowing: Narrowing) -> AsyncIterator[Movement]:
        """Every movement in the order of time; streamed, whatever their number."""
        ...

    async def funnel(self, sight: Sight, narrowing: Narrowing) -> Sequence[FunnelStepCount]:
        """By performance and step."""
        ...

    async def allotments(self, sight: Sight, narrowing: Narrowing) -> Sequence[AllotmentFigures]:
        """By performance and allotment."""
        ...

    async def zone_of(self, house_id: str) -> str:
        """The house's IANA time zone; UTC until the house is known."""
        ...
