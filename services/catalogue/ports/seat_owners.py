"""The owners of performances' seats, as far as the catalogue asks them anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.plan_changes import PlanInUse, PlanNotNewer
from services.runtime.errors import Retryable


class OwnerUnanswered(Retryable):
    """The owner of the performance's seats did not answer; whether its plan has changed is not known. Ask again."""


class SeatOwners(Protocol):
    """Raises OwnerUnanswered."""

    async def adopt_plan(
        self, house_id: str, performance_id: str, plan_version: int, changed: Sequence[str]
    ) -> PlanInUse | PlanNotNewer | None:
        """Takes the performance over to a newer version of its plan, `changed` being seats that both have and that
        are not the same. None: it has it, also where it had it already.
        """
        ...
