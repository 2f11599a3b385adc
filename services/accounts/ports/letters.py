"""Letters that wait to be sent, inside one transaction. They are sealed in the store: links in them are secrets."""

from __future__ import annotations

from typing import Protocol

from services.accounts.domain.letters import Letter


class Letters(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, letter: Letter) -> None:
        """It is sent some time after the commit; by a fault in between twice."""
        ...

    async def find(self, letter_id: str) -> Letter | None:
        """None: it was sent."""
        ...

    async def remove(self, letter_id: str) -> None: ...
