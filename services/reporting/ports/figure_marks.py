"""Whether anything of a house has changed, for whoever waits for it."""

from __future__ import annotations

from typing import Protocol


class FigureMarks(Protocol):
    """One small question, however many watch."""

    async def mark_of(self, house_id: str) -> str:
        """Another text whenever any figure of the house is another. Raises StoreUnavailable."""
        ...
