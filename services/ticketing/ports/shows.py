"""What the catalogue and accounts know of what paper tells."""

from __future__ import annotations

from typing import Protocol

from services.runtime.errors import Refusal, Retryable
from services.ticketing.domain.show import Office, Plan, Show


class NeighbourSilent(Retryable):
    """Another service does not answer; nothing was done."""


class Shows(Protocol):
    """Raises NeighbourSilent."""

    async def show(self, house_id: str, performance_id: str) -> Show | Refusal: ...

    async def plan(self, house_id: str, hall_id: str, plan_version: int) -> Plan | Refusal: ...

    async def office(self, house_id: str, office_id: str) -> Office | Refusal: ...
