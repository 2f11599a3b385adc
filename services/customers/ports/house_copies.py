"""Copies of houses, and what they have settled about consents."""

from __future__ import annotations

from typing import Protocol

from services.customers.domain.house import House


class HouseCopies(Protocol):
    """What accounts has told."""

    async def find(self, house_id: str) -> House | None:
        """None: nothing was told yet."""
        ...

    async def keep(self, house: House) -> None:
        """The newer revision stays; what the house has settled here stays in any case."""
        ...

    async def settle(self, house_id: str, *, double_opt_in: bool | None) -> None:
        """None: as it is usual."""
        ...
