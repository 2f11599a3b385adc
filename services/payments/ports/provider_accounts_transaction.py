"""One transaction over the accounts that a house has with payment providers."""

from __future__ import annotations

from typing import Protocol

from services.contracts.acts import Act
from services.contracts.once import RecordedAnswer
from services.payments.ports.provider_account_rows import ProviderAccountRows


class ProviderAccountsTransaction(Protocol):
    """Reads and writes that commit together, acts included; without commit() nothing happened."""

    @property
    def now_ms(self) -> int:
        """When it began, unix milliseconds."""
        ...

    @property
    def accounts(self) -> ProviderAccountRows: ...

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes, /) -> RecordedAnswer | None:
        """None: the key is this transaction's. Waits for another transaction that has it."""
        ...

    async def record_answer(self, owner_id: str, key: str, answer: bytes, /) -> None:
        """Keeps the first answer of a claimed key."""
        ...

    def record_act(self, act: Act, *, by_nobody: bool = False) -> None:
        """Into the house's act log, on behalf of whom the current call is for; or of nobody."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...
