"""Invoices inside one transaction, and what is asked of orders and customers for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.contracts.pages import Place
from services.runtime.errors import Refusal
from services.ticketing.domain.invoice import Invoice, InvoicedOrder
from services.ticketing.domain.invoicing import KeptInvoicing


@dataclass(frozen=True, slots=True)
class InvoiceLook:
    """An order of which something happened."""

    house_id: str
    order_id: str
    failures: int
    version: int


@dataclass(frozen=True, slots=True)
class KnownBuyer:
    """A customer as the house's customers have them."""

    name: str
    language: str


class OrdersToInvoice(Protocol):
    """Raises NeighbourSilent."""

    async def order(self, house_id: str, order_id: str) -> InvoicedOrder | Refusal:
        """As it stands now. Refusal: the house has no such order."""
        ...


class BuyersOfInvoices(Protocol):
    """Raises NeighbourSilent."""

    async def buyer(self, house_id: str, customer_id: str) -> KnownBuyer | None:
        """None: erased, or nobody wrote them down."""
        ...


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


class InvoiceLooks(Protocol):
    """Over all houses, each call a transaction of its own."""

    async def lease(self, limit: int, lease_seconds: float) -> Sequence[InvoiceLook]: ...

    async def done(self, look: InvoiceLook) -> None:
        """Forgets it, unless something happened since."""
        ...

    async def postpone(self, look: InvoiceLook, until_ms: int) -> None: ...

    async def forget_sheets(self, ended_before_ms: int, limit: int) -> int:
        """Removes what stands on documents whose time is over, and who they were made out to; returns how many."""
        ...
