"""What a buyer asks for when an order is made. Sizes and shapes are checked already."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.channels import Channel
from services.orders.domain.pricing import SeatChoice
from services.orders.ports import Buyer


@dataclass(frozen=True, slots=True)
class PartRequest:
    """The seats of one performance, and the hold they are in. `field`: in front of its fields where they are named."""

    performance_id: str
    hold_id: str
    seats: tuple[SeatChoice, ...]
    field: str = ""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One part at least, each of another performance of the house."""

    house_id: str
    holder_id: str
    parts: tuple[PartRequest, ...]
    buyer: Buyer
    channel: Channel
    promotion_code: str = ""
    discount_id: str = ""

    @property
    def wants_promotion(self) -> bool:
        """Whether the catalogue is asked for one."""
        return bool(self.promotion_code or self.discount_id)
