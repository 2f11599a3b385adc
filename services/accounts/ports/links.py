"""Rows of one-time links, inside one transaction."""

from __future__ import annotations

from typing import Protocol

from services.accounts.domain.link import Link, LinkPurpose


class Links(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, link: Link) -> None: ...

    async def lock(self, secret_hash: bytes, purpose: LinkPurpose) -> Link | None:
        """Locked until the transaction ends: two who open it at the same moment take turns."""
        ...

    async def mark_used(self, secret_hash: bytes, used_at_ms: int) -> None: ...

    async def count_open(self, person_id: str, purpose: LinkPurpose, now_ms: int) -> int:
        """That are good now."""
        ...

    async def remove_open(self, person_id: str, purpose: LinkPurpose) -> None:
        """All that were not used."""
        ...
