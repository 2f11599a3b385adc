"""Rows of mails with documents, inside one transaction."""

from __future__ import annotations

from typing import Protocol

from services.ticketing.domain.send import Send


class Sends(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, send: Send) -> None:
        """With the job that sends it."""
        ...

    async def get(self, send_id: str) -> Send | None: ...

    async def mark_sent(self, send_id: str) -> None: ...
