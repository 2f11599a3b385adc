"""Who was erased, and what is locked of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.pages import Place
from services.customers.domain.erasure import BoughtOrder, Erasure


class Erasures(Protocol):
    """Of one house."""

    async def find(self, customer_id: str) -> Erasure | None:
        """None: nobody of this id was erased."""
        ...

    async def add(self, erasure: Erasure, locked: bytes | None, orders: Sequence[BoughtOrder]) -> None:
        """`locked` is what stays of the person, as plain bytes: it is sealed here."""
        ...

    async def of_order(self, order_id: str) -> tuple[Erasure, Sequence[BoughtOrder]] | None:
        """The erasure that keeps this order, with all that it keeps; locked until the transaction ends."""
        ...

    async def keep(self, erasure: Erasure, orders: Sequence[BoughtOrder]) -> None:
        """What is locked from now on; nothing of the person stays where `locked_until_ms` is None."""
        ...

    async def page(self, after: Place | None, limit: int) -> Sequence[Erasure]:
        """In the order of their erasure."""
        ...

    async def opened(self, customer_id: str) -> bytes | None:
        """What is locked, for whoever must show it to the law."""
        ...
