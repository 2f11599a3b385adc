"""What a buyer asks for when an order is priced or made. Sizes and shapes are checked already."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.contracts.channels import Channel
from services.orders.domain.order_form import FormAnswer
from services.orders.domain.pricing import SeatChoice
from services.orders.domain.quote import WantedPart, WantedSeat
from services.orders.domain.refunds import LineRef
from services.orders.ports import Buyer


@dataclass(frozen=True, slots=True)
class PartRequest:
    """The seats of one performance, and the hold they are in; a price is told without one.

    `field`: in front of its fields where they are named.
    """

    performance_id: str
    hold_id: str
    seats: tuple[SeatChoice, ...]
    field: str = ""

    @property
    def wanted(self) -> WantedPart:
        """As quotes compare it."""
        seats = frozenset(WantedSeat(one.seat_id, one.ticket_type, one.extras) for one in self.seats)
        return WantedPart(self.performance_id, seats)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRequest:
    """What has a price: one part at least, each of another performance of the house."""

    house_id: str
    parts: tuple[PartRequest, ...]
    channel: Channel
    promotion_code: str = ""
    discount_id: str = ""
    package_id: str = ""

    @property
    def wants_promotion(self) -> bool:
        """Whether the catalogue is asked for one."""
        return bool(self.promotion_code or self.discount_id)


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
    """Lines of another order that are given for the new one; `keep_prices`: for seats of their categories.

    `codes`: of these tickets, by a buyer of any session.
    """

    order_id: str
    lines: tuple[LineRef, ...]
    keep_prices: bool = False
    codes: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest(PriceRequest):
    """Who wants it, and out of whose holds. `quote`: the text of a price that was told before."""

    holder_id: str
    buyer: Buyer
    quote: str = ""
    answers: tuple[FormAnswer, ...] = ()
    exchange: ExchangeRequest | None = None
