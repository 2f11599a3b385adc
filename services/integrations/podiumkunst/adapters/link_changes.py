"""Who must know in the same transaction that a link was made or taken back (R0.10), or the account was set."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.podiumkunst.domain.show import Link


class LinkChanges(Protocol):
    """Called within the transaction that links or unlinks, on its connection, in the scope of the house."""

    async def linked(self, connection: AsyncConnection, house_id: str, link: Link) -> None:
        """From now on the performance's figures are exchanged under the number."""
        ...

    async def unlinked(self, connection: AsyncConnection, house_id: str, link: Link) -> None:
        """From now on they are not."""
        ...

    async def account_set(self, connection: AsyncConnection, house_id: str) -> None:
        """The house's account was mended, or its connection turned on or off."""
        ...
