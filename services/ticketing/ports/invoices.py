"""Invoices inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.pages import Place
from services.ticketing.domain.invoice import Invoice
from services.ticketing.domain.invoicing import KeptInvoicing


class Invoices(Protocol):
    """Of the transaction's house."""

    async def invoicing(self) -> KeptInvoicing:
        """How it invoices."""
        ...

    async def save_invoicing(self, kept: KeptInvoicing) -> bool:
        """Keeps it as the revision after that of `kept`; False: somebody else has changed it meanwhile."""
        ...

    async def next_number(self, year: int) -> int:
        """1, 2, 3 in a year, without a gap. Others of the house wait until the transaction ends."""
        ...

    async def lock_order(self, order_id: str) -> None:
        """Whoever else issues for the order waits until the transaction ends."""
        ...

    async def add(self, invoice: Invoice, place: tuple[int, int], sealed_sheet: bytes, keep_until_ms: int) -> None:
        """A new one with its year and count, and all that stands on it, sealed: the buyer too."""
        ...

    async def replace(self, invoice_id: str, by: str) -> None:
        """Another one counts from now on."""
        ...

    async def get(self, invoice_id: str) -> Invoice | None: ...

    async def sealed_sheet(self, invoice_id: str) -> bytes | None:
        """All that stands on it; None: its time is over, or it never was."""
        ...

    async def of_order(self, order_id: str) -> Sequence[Invoice]:
        """In the order in which they were issued."""
        ...

    async def page(self, order_id: str, after: Place | None, limit: int) -> Sequence[Invoice]:
        """The newest first, of one order or ('') of all."""
        ...
