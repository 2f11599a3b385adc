"""The sessions that links open."""

from __future__ import annotations

from typing import Protocol

from services.customers.domain.link import Session


class Sessions(Protocol):
    """Of one house."""

    async def add(self, session: Session) -> None:
        """A new one."""
        ...

    async def find(self, secret_hash: bytes, now_ms: int) -> Session | None:
        """None: there is none, or it is over."""
        ...

    async def end(self, secret_hash: bytes) -> None:
        """It is over now."""
        ...
