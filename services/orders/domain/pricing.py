"""What an order costs: seat's category x ticket type, whole minor units (no rounding exists)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.orders.domain.order import UNNAMED, Money, OrderLine, SeatName, TicketKind
from services.orders.domain.refusals import SeatUnknown, TicketTypeUnknown
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class SeatChoice:
    """A seat and how the buyer wants to pay for it."""

    seat_id: str
    ticket_type: str = NORMAL_TICKET_TYPE


@dataclass(frozen=True, slots=True)
class PriceList:
    """A performance's prices: (category, ticket type) to minor units of one currency, and to what sort each is."""

    currency: str
    amounts: Mapping[tuple[str, str], int]
    kinds: Mapping[tuple[str, str], TicketKind] = field(default_factory=dict)

    def ticket_types(self, category: str) -> tuple[str, ...]:
        """What can be bought in a category."""
        return tuple(sorted(ticket_type for known, ticket_type in self.amounts if known == category))


@dataclass(frozen=True, slots=True)
class PlanSeat:
    """A seat of the plan: what it costs depends on its category; its name is for people."""

    category: str
    name: SeatName = UNNAMED


def price_lines(
    choices: Sequence[SeatChoice], prices: PriceList, seats: Mapping[str, PlanSeat], plan_version: int
) -> tuple[OrderLine, ...] | Refusal:
    """One line per choice in their order. `seats`: those of the plan, by seat id."""
    unknown = tuple(choice.seat_id for choice in choices if choice.seat_id not in seats)
    if unknown:
        return SeatUnknown(unknown, plan_version)
    lines = []
    for choice in choices:
        seat = seats[choice.seat_id]
        category = seat.category
        amount = prices.amounts.get((category, choice.ticket_type))
        if amount is None:
            known = prices.ticket_types(category)
            return TicketTypeUnknown(choice.ticket_type, category, choice.seat_id, known)
        price = Money(amount, prices.currency)
        kind = prices.kinds.get((category, choice.ticket_type))
        lines.append(OrderLine(choice.seat_id, category, choice.ticket_type, price, seat.name, kind))
    return tuple(lines)


def total_of(lines: Sequence[OrderLine], currency: str) -> Money:
    """The sum of the lines, all in one currency."""
    assert all(line.price.currency == currency for line in lines), "one currency an order"
    return Money(sum(line.price.amount_minor for line in lines), currency)
