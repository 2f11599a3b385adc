"""One transaction over the vouchers of a house."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from services.contracts.acts import Act
from services.contracts.once import RecordedAnswer
from services.payments.domain.voucher import Entry, Voucher


class VouchersTransaction(Protocol):
    """Reads and writes that commit together, acts included; without commit() nothing happened."""

    @property
    def now_ms(self) -> int:
        """When it began, unix milliseconds."""
        ...

    async def lock(self, voucher_id: str) -> Voucher | None:
        """The voucher, which nobody else changes until this has ended."""
        ...

    async def make(self, vouchers: Sequence[tuple[Voucher, Entry]]) -> Sequence[Voucher]:
        """New ones, each with a code of its own and the entry that gave it its balance."""
        ...

    async def write(self, entry: Entry) -> None:
        """Into the ledger and the balance."""
        ...

    async def stop(self, voucher_id: str) -> None:
        """Nobody pays with it any more."""
        ...

    async def codes(self, voucher_ids: Iterable[str]) -> Mapping[str, str]:
        """The codes themselves, by voucher."""
        ...

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
