"""Orders of which something happened that an invoice may follow from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class InvoiceLook:
    """An order of which something happened."""

    house_id: str
    order_id: str
    failures: int
    version: int


class InvoiceLooks(Protocol):
    """Over all houses, each call a transaction of its own."""

    async def lease(self, limit: int, lease_seconds: float) -> Sequence[InvoiceLook]: ...

    async def done(self, look: InvoiceLook) -> None:
        """Forgets it, unless something happened since."""
        ...

    async def postpone(self, look: InvoiceLook, until_ms: int) -> None: ...

    async def forget_sheets(self, ended_before_ms: int, limit: int) -> int:
        """Removes what stands on documents whose time is over, and who they were made out to; returns how many."""
        ...
