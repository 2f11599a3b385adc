"""How a house's paper looks, and how it is called."""

from __future__ import annotations

from typing import Protocol

from services.paper.house_style import HouseStyle


class HouseStyles(Protocol):
    """Asked each time. Never raises for a neighbour that is away: that is logged, and what is told is plain."""

    async def name(self, house_id: str) -> str:
        """What people call the house; its id where nobody answers."""
        ...

    async def style(self, house_id: str, language: str) -> HouseStyle:
        """The style, for paper in this language."""
        ...
