"""How often somebody was wrong about a number and a code."""

from __future__ import annotations

from typing import Protocol


class Guesses(Protocol):
    """Of one house, inside a transaction: what is counted stays only where that commits."""

    async def count(self, guessed: str, window_ms: int) -> int:
        """One more within the window; how many there are with it. Who counts the same at the same time waits."""
        ...

    async def seen(self, guessed: str, window_ms: int) -> int:
        """How many there are within the window, without waiting for anybody."""
        ...
