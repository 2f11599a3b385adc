"""Hashing of passwords, away from the event loop."""

from __future__ import annotations

from typing import Protocol


class Passwords(Protocol):
    """Slow on purpose, and bounded: HasherBusy when too many wait."""

    async def hashed(self, password: str) -> str: ...

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """None is nobody's: the same work is done, and the answer is no."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than are set now."""
        ...
