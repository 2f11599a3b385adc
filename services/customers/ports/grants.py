"""What houses grant to a promoter, asked of accounts at the moment it is needed (R3.4)."""

from __future__ import annotations

from typing import Protocol

from services.customers.domain.audience import GrantedSight
from services.runtime.errors import Retryable


class GrantsUnanswered(Retryable):
    """Accounts does not say now what is granted."""


class Grants(Protocol):
    """Raises GrantsUnanswered."""

    async def of(self, subject: str, house_id: str) -> GrantedSight | None:
        """What one house grants to a person; None: nothing, or there is no such house."""
        ...
