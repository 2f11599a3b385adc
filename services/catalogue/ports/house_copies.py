"""The catalogue's own copies of houses, for whoever wants to see all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.catalogue.domain.house import House


class HouseCopies(Protocol):
    """The copies, whatever house they are of."""

    async def copies(self, after_house_id: str, limit: int) -> Sequence[House]:
        """In the order of their ids, those after this one; at most `limit`."""
        ...
