"""From a person to what they may see, house by house: the one way from grants to pages, files and mails."""

from __future__ import annotations

from collections.abc import Sequence

from services.reporting.ports.grants import GrantedHouse, Grants


class Sights:
    """Asked anew for every question: a grant counts, or is gone, from its moment on (R3.3, R3.10)."""

    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    async def of(self, subject: str) -> Sequence[GrantedHouse]:
        """The houses that let the person see anything, by name. Raises NeighbourSilent."""
        return [house for house in await self.known_to(subject) if not house.sight.is_empty]

    async def known_to(self, subject: str) -> Sequence[GrantedHouse]:
        """Those, and the house that made the person: whom to ask for what is missing (R3.8). Raises NeighbourSilent."""
        return await self._grants.of(subject)
