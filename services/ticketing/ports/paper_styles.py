"""The style of a house's paper inside one transaction."""

from __future__ import annotations

from typing import Protocol

from services.ticketing.domain.paper_style import KeptStyle


class PaperStyles(Protocol):
    """Of the transaction's house, which has one."""

    async def get(self) -> KeptStyle:
        """As it is."""
        ...

    async def save(self, kept: KeptStyle) -> bool:
        """Keeps it as the revision after that of `kept`; False: somebody else has changed it meanwhile."""
        ...
