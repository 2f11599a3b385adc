"""Letters that wait to be sent."""

from __future__ import annotations

from typing import Protocol

from services.customers.domain.letters import Letter


class Letters(Protocol):
    """Letters that wait to be sent. Each has its job in the same transaction."""

    async def add(self, *new: Letter) -> None:
        """They are sealed: to whom they go is read by nobody."""
        ...

    async def find(self, letter_id: str) -> Letter | None:
        """None: it was sent."""
        ...

    async def remove(self, letter_id: str) -> None:
        """It was sent."""
        ...

    async def remove_of(self, customer_id: str) -> None:
        """Nothing more is written to the customer."""
        ...
