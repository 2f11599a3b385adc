"""The quotas of a house (R4), inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.catalogue.domain.kept import Kept
from services.catalogue.domain.performance import Performance
from services.catalogue.domain.quota import Quota
from services.contracts.pages import Place


@dataclass(frozen=True, slots=True)
class QuotaFilter:
    """Which quotas are asked for; what is empty does not matter."""

    production_id: str = ""
    performance_id: str = ""
    include_archived: bool = False


class Quotas(Protocol):
    """What belongs to another house is not found (INV-8)."""

    async def add(self, house_id: str, quota_id: str, body: Quota) -> Kept[Quota] | None:
        """In its first revision. None: the house has one of that id."""
        ...

    async def get(self, house_id: str, quota_id: str, *, lock: bool = False) -> Kept[Quota] | None:
        """`lock`: nobody else changes it until the transaction ends."""
        ...

    async def save(self, quota: Kept[Quota]) -> None:
        """As it is now, its performances and its revision included. It was locked before."""
        ...

    async def page(self, house_id: str, wanted: QuotaFilter, after: Place | None, limit: int) -> Sequence[Kept[Quota]]:
        """In the order in which they were made, then by id; at most `limit`."""
        ...

    async def of_production(self, house_id: str, production_id: str) -> Sequence[Kept[Quota]]:
        """Those that limit anything, in the order in which they were made."""
        ...

    async def now_of(self, performance: Performance) -> Performance:
        """The performance with the quotas that it has as the production's that it is now."""
        ...

    async def follow(self, house_id: str, source_id: str, copy_ids: Sequence[str]) -> None:
        """Copies of a performance are of the quotas that name it."""
        ...
