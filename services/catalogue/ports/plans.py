"""The seating plans in a transaction of the catalogue's store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.catalogue.domain.plan_version import PlanFiles, PlanVersion
from services.catalogue.domain.quota_checks import PlacesOf
from services.catalogue.domain.seating_plan import SeatingPlan


class PlanRows(Protocol):
    """What belongs to another house is not found (INV-8)."""

    async def add(self, house_id: str, hall_id: str, plan: SeatingPlan, files: PlanFiles) -> int:
        """Adds the next version of a hall that was locked, returns its number."""
        ...

    async def files(self, house_id: str, hall_id: str, plan_version: int) -> PlanFiles | None:
        """What the version was read from."""
        ...

    async def places(self, house_id: str, hall_id: str, plan_version: int) -> PlacesOf:
        """How many places of a version that there is are in each category and zone."""
        ...

    async def versions(self, house_id: str, hall_id: str, up_to: int, limit: int) -> Sequence[PlanVersion]:
        """Those of at most `up_to`, the newest first, at most `limit`."""
        ...
