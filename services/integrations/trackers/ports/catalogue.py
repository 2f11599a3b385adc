"""What of the catalogue trackers needs: whether a thing is the house's own (R3.14)."""

from __future__ import annotations

from typing import Protocol

from services.integrations.trackers.domain.attachment import Show
from services.runtime.errors import Retryable


class CatalogueSilent(Retryable):
    """The catalogue does not answer; whether the thing is there is not known."""


class Catalogue(Protocol):
    """Asked on the service's own account. Raises CatalogueSilent."""

    async def show(self, house_id: str, performance_id: str) -> Show | None:
        """None: the house has no such performance."""
        ...

    async def has_production(self, house_id: str, production_id: str) -> bool: ...
