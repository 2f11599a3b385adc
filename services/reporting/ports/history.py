"""The topics, as a rebuild reads them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Protocol

from services.reporting.ports.generations import ProgressKey, Stuck


class History(Protocol):
    """The topics, as somebody reads them who builds anew."""

    async def fill(self, generation: int) -> None:
        """Brings events into a generation, those that are there and those that come; never ends by itself."""
        ...

    async def end(self) -> Mapping[tuple[str, int], int]:
        """Where the topics end now, by topic and partition."""
        ...

    async def passed(self, generation: int, end: Mapping[tuple[str, int], int]) -> bool:
        """Whether everything up to `end` has been read for the generation."""
        ...

    def stuck(self, generation: int) -> Mapping[ProgressKey, Stuck]:
        """The keys that this process's fill() had to leave where they are."""
        ...

    async def forget_others(self, kept: Callable[[], Awaitable[Collection[int]]]) -> Collection[str]:
        """Removes from the bus what generations that are no more left there; what is in use still is returned."""
        ...
