"""The record of vouchers and of who guesses at their codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.contracts.pages import Place
from services.payments.domain.voucher import Entry, Voucher
from services.payments.ports.vouchers_transaction import VouchersTransaction


class VoucherStore(Protocol):
    """Vouchers of all houses. A code is never read here: they are found by its hash."""

    def transaction(self, house_id: str) -> AbstractAsyncContextManager[VouchersTransaction]:
        """Over one house."""
        ...

    async def find(self, house_id: str, voucher_ids: Iterable[str]) -> Mapping[str, Voucher]:
        """Those that the house has, by id."""
        ...

    async def by_hashes(self, house_id: str, hashes: Iterable[bytes]) -> Mapping[bytes, Voucher]:
        """Those that the house has, by the hash of their code."""
        ...

    async def page(self, house_id: str, after: Place | None, limit: int) -> Sequence[Voucher]:
        """In the order in which they were made."""
        ...

    async def entries(self, house_id: str, voucher_id: str, after: int, limit: int) -> Sequence[tuple[int, Entry]]:
        """The ledger's lines of a voucher after one, each with its number."""
        ...

    async def wrong_codes(self, house_id: str, caller: str, since_ms: int) -> int:
        """How many wrong codes the caller has given since then."""
        ...

    async def count_wrong(self, house_id: str, caller: str, wrong: int, since_ms: int, now_ms: int) -> None:
        """So many more; what was before `since_ms` counts no longer."""
        ...
