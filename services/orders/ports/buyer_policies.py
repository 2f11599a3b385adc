"""The record of what houses let their buyers do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from services.contracts.changes import EtagStale
from services.contracts.pages import Place
from services.orders.domain.buyer_policy import BuyerPolicy


class BuyerPolicies(Protocol):
    """Every change is a new version, and none is ever changed or removed."""

    async def in_force(
        self, house_id: str, performance_ids: Collection[str], at_ms: int | None = None
    ) -> Mapping[str, BuyerPolicy]:
        """For each performance its own or the house's, as it was at that time (None: now); '': the house's."""
        ...

    async def add(self, house_id: str, policy: BuyerPolicy, etag: str) -> BuyerPolicy | EtagStale:
        """The next version of the house or of the policy's performance, as an act of the current caller.

        `etag`: of what was in force as the caller read it; EtagStale where it is not any more.
        """
        ...

    async def page(self, house_id: str, performance_id: str, after: Place | None, limit: int) -> Sequence[BuyerPolicy]:
        """The newest first; a performance's alone, or all."""
        ...
