"""The plans that houses may pick from, which belong to no house alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.catalogue.domain.plan_version import PlanFiles
from services.catalogue.domain.shared_plan import SharedPlan
from services.contracts.pages import Place


class SharedPlans(Protocol):
    """What every house may see, whoever offers it."""

    async def find(self, shared_plan_id: str) -> SharedPlan | None:
        """Withdrawn ones too."""
        ...

    async def files(self, shared_plan_id: str) -> PlanFiles | None:
        """Of one that is offered."""
        ...

    async def page(self, words: str, after: Place | None, limit: int) -> Sequence[SharedPlan]:
        """Those that are offered and have the words in name or city, the oldest first."""
        ...
