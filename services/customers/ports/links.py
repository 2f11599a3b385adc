"""Links in mails."""

from __future__ import annotations

from typing import Protocol

from services.customers.domain.link import Link, LinkPurpose


class Links(Protocol):
    """Of one house."""

    async def add(self, *new: Link) -> None:
        """New ones."""
        ...

    async def lock(self, secret_hash: bytes, purpose: LinkPurpose) -> Link | None:
        """Until the transaction ends."""
        ...

    async def mark_used(self, secret_hash: bytes, used_at_ms: int) -> None:
        """It was opened."""
        ...

    async def count_open(self, customer_id: str, purpose: LinkPurpose, now_ms: int) -> int:
        """Those that are still good."""
        ...

    async def move(self, merged_customer_id: str, customer_id: str) -> None:
        """Links to consents go over with a merged record; those to the own data end, with its sessions."""
        ...

    async def remove(self, customer_id: str) -> None:
        """With the sessions."""
        ...
