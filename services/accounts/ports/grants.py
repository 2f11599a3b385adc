"""Rows of grants, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.accounts.domain.grant import Grant, HouseGrants
from services.contracts.email_addresses import EmailAddress
from services.contracts.pages import Place


class Grants(Protocol):
    """Any call may raise StoreUnavailable."""

    async def raise_version(self, email: EmailAddress, above: int = 0) -> int:
        """One up, and above that; changes of what an address is granted take turns from here on. The new version."""
        ...

    async def version(self, email: EmailAddress) -> int:
        """0 for an address that nobody ever granted anything."""
        ...

    async def standing(self, house_id: str, email: EmailAddress) -> Sequence[Grant]:
        """What the house grants the address now."""
        ...

    async def add(self, grants: Sequence[Grant]) -> None: ...

    async def find(self, house_id: str, grant_id: str) -> Grant | None: ...

    async def withdraw(self, house_id: str, grant_id: str, now_ms: int) -> None: ...

    async def page(
        self, house_id: str, email: EmailAddress | None, after: Place | None, limit: int, *, withdrawn: bool
    ) -> Sequence[Grant]:
        """The house's, in the order in which they were made; of one address where one is given."""
        ...

    async def of_address(self, email: EmailAddress) -> Sequence[HouseGrants]:
        """What all houses grant the address now, by the house's name and id."""
        ...
