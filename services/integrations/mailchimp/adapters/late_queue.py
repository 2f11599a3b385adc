"""The outbound queue for a store that its own carrier reads: the one is made before the other."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.outbound.port import Dispatch, OutboundQueue, Target


class LateQueue:
    """See OutboundQueue. open() comes before anything is put."""

    def __init__(self) -> None:
        self._queue: OutboundQueue | None = None

    def open(self, queue: OutboundQueue) -> None:
        """From here on it is this one."""
        self._queue = queue

    @property
    def _opened(self) -> OutboundQueue:
        assert self._queue is not None, "opened while the service is built"
        return self._queue

    async def put(self, connection: AsyncConnection, dispatches: Sequence[Dispatch]) -> int:
        return await self._opened.put(connection, dispatches)

    async def put_latest(self, connection: AsyncConnection, dispatches: Sequence[Dispatch]) -> int:
        return await self._opened.put_latest(connection, dispatches)

    async def drop(self, connection: AsyncConnection, target: Target, note: str) -> int:
        return await self._opened.drop(connection, target, note)

    async def mend(self, connection: AsyncConnection, target: Target) -> None:
        await self._opened.mend(connection, target)
