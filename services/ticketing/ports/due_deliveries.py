"""What is due of the ledger of letters, whatever its house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.ticketing.domain.delivery import Delivery


@dataclass(frozen=True, slots=True)
class DueLine:
    """A line that this process has for a while, and whose it is."""

    house_id: str
    line: Delivery


class DueDeliveries(Protocol):
    """Over all houses. Any call may raise StoreUnavailable."""

    async def lease(self, limit: int, lease_ms: int) -> Sequence[DueLine]:
        """What is due, so many at most; others find it due again when the lease is over."""
        ...

    async def oldest_ms(self) -> int | None:
        """When the oldest line was made that has not ended; None: all have."""
        ...

    async def purge(self, created_before_ms: int, limit: int) -> int:
        """Forgets at most `limit` lines that are older and have ended; returns how many."""
        ...
