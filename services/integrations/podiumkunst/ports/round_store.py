"""Which house's figures are to go out now, each round taken by one process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.integrations.podiumkunst.domain.rounds import Rounds


class RoundStore(Protocol):
    """Every call may raise StoreUnavailable."""

    async def due(self, now_ms: int, limit: int) -> Sequence[str]:
        """Houses whose connection is on and of which a round is due."""
        ...

    async def take(self, house_id: str, now_ms: int) -> Rounds | None:
        """The rounds as they were, which are due later from now on; None: somebody else has taken them."""
        ...
