"""The iterator that every adapter's batches() returns: it ends when the subscription has no next batch any more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from services.runtime.bus.port import Delivered


class Batches(AsyncIterator[Sequence[Delivered]]):
    """Asks `take` for each batch; None ends it. Holds nothing itself, so that leaving a loop early is harmless."""

    def __init__(self, take: Callable[[], Awaitable[Sequence[Delivered] | None]]) -> None:
        self._take = take

    def __aiter__(self) -> Batches:
        return self

    async def __anext__(self) -> Sequence[Delivered]:
        batch = await self._take()
        if batch is None:
            raise StopAsyncIteration
        return batch
