"""Orders from before customers were kept, which still have a name and an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OldBuyer:
    """Personal data, on its way to where it is kept from now on."""

    house_id: str
    order_id: str
    name: str
    email: str
    ordered_at_ms: int


class OldBuyers(Protocol):
    """The record of orders, as far as it is old."""

    async def some(self, limit: int) -> Sequence[OldBuyer]:
        """Some of those that are left, of any house."""
        ...

    async def carried(self, house_id: str, customers: Mapping[str, str]) -> None:
        """Customers by orders: from now on these name the customer and have no address any more."""
        ...
