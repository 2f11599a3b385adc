"""Rows of what offices have, inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from services.ticketing.domain.office_sales import DiscountSale, DiscountSum, OfficeAllotment


class OfficeSales(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add_sales(self, order_id: str, sales: Sequence[DiscountSale]) -> None: ...

    async def remove_sales(
        self, order_ids: Collection[str], performance_id: str, seat_ids: Collection[str] = ()
    ) -> None:
        """Of these orders and seats; without any seats: of all."""
        ...

    async def sums(self, office_id: str, performance_ids: Collection[str]) -> Sequence[DiscountSum]:
        """By discount."""
        ...

    async def note_allotment(self, office_id: str, allotment: OfficeAllotment) -> None: ...

    async def allotments(self, office_id: str, limit: int) -> Sequence[OfficeAllotment]: ...
