"""What queues the calls of the server. Adapters only: it is handed the step's own connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.trackers.domain.telling import Telling


class ServerSide(Protocol):
    """The outbound queue, as trackers speak to it."""

    async def tell(self, connection: AsyncConnection, tellings: Sequence[Telling]) -> None:
        """In the transaction of the step itself; all of one house. A call comes here once."""
        ...

    async def silence(self, connection: AsyncConnection, house_id: str, tracker_id: str) -> None:
        """Nothing that waits for the tracker is told any more."""
        ...

    async def mended(self, connection: AsyncConnection, house_id: str, tracker_id: str) -> None:
        """The tracker has new credentials: what waited for them goes on."""
        ...
