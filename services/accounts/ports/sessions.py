"""Rows of sessions, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
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

    async def of_subject(self, subject: str, limit: int) -> Sequence[Session]:
        """The newest first; also those that are over."""
        ...

    async def end_all(self, subject: str, but: str = "") -> None:
        """All of the subject's, except one."""
        ...
