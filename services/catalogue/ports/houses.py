"""Houses, which accounts owns: asked for one by one."""

from __future__ import annotations

from typing import Protocol

from services.catalogue.domain.house import House
from services.runtime.errors import Retryable


class HousesUnanswered(Retryable):
    """Accounts did not answer for a house that is not known here yet."""


class Houses(Protocol):
    """The houses as accounts knows them."""

    async def house(self, house_id: str) -> House | None:
        """None: there is no such house. Raises HousesUnanswered."""
        ...
