"""The plans that a house, or the operator, offers to others, in a transaction."""

from __future__ import annotations

from typing import Protocol

from services.catalogue.domain.plan_version import PlanFiles
from services.catalogue.domain.shared_plan import SharedPlan


class SharedPlanRows(Protocol):
    """In a transaction of whoever offers a plan."""

    async def add(self, plan: SharedPlan, files: PlanFiles) -> None:
        """One that is there already stays as it is."""
        ...

    async def lock(self, offered_by: str, shared_plan_id: str) -> SharedPlan | None: ...

    async def save_withdrawal(self, plan: SharedPlan) -> None: ...
