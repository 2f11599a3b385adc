"""Rows of sessions, inside one transaction."""

from __future__ import annotations

from typing import Protocol

from services.accounts.domain.session import Session


class Sessions(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, session: Session) -> None: ...

    async def find_by_hash(self, secret_hash: bytes) -> Session | None:
        """Also one that is over and not yet forgotten."""
        ...

    async def touch(self, session_id: str, used_at_ms: int) -> None: ...

    async def end(self, session_id: str) -> None: ...
