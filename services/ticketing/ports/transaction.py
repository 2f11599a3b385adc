"""One transaction of ticketing's store: its rows by subject, its events and acts, all or nothing."""

from __future__ import annotations

from typing import Protocol

from services.ticketing.ports.signing_keys import SigningKeys


class TicketingTransaction(Protocol):
    """Reads and writes that commit together, events included; without commit() nothing happened."""

    @property
    def now_ms(self) -> int:
        """When it began, unix milliseconds."""
        ...

    @property
    def signing_keys(self) -> SigningKeys: ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...
