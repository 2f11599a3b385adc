"""One transaction of deals and settlements: rows and acts, all or nothing."""

from __future__ import annotations

from typing import Protocol

from services.contracts.acts import Act
from services.contracts.once import RecordedAnswer
from services.reporting.ports.deals import Deals
from services.reporting.ports.settlements import Settlements


class SettlementTransaction(Protocol):
    """Reads and writes that commit together; without commit() nothing happened."""

    @property
    def now_ms(self) -> int:
        """When it began, unix milliseconds."""
        ...

    @property
    def deals(self) -> Deals: ...

    @property
    def settlements(self) -> Settlements: ...

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes, /) -> RecordedAnswer | None:
        """None: the key is this transaction's. Waits for another transaction that has it."""
        ...

    async def record_answer(self, owner_id: str, key: str, answer: bytes, /) -> None:
        """Keeps the first answer of a claimed key."""
        ...

    def record_act(self, act: Act) -> None:
        """Into the house's act log, on behalf of whom the current call is for."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...
