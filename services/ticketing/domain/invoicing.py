"""How a house invoices, as it has said itself."""

from __future__ import annotations

from dataclasses import dataclass

from services.ticketing.domain.invoice import InvoiceKind


@dataclass(frozen=True, slots=True)
class Invoicing:
    """Fields are named as on the wire. Without a legal name nothing is issued."""

    legal_name: str = ""
    address_lines: tuple[str, ...] = ()
    vat_number: str = ""
    registration: str = ""
    number_prefix: str = ""
    automatic: bool = False
    small_up_to_minor: int = 0
    note: str = ""

    def kind_for(self, total_minor: int, *, has_buyer: bool) -> InvoiceKind:
        """A receipt where the house may leave the name out and nobody has asked for it."""
        if has_buyer or total_minor > self.small_up_to_minor:
            return InvoiceKind.INVOICE
        return InvoiceKind.RECEIPT

    def number(self, year: int, count: int) -> str:
        """GEN-2026-17."""
        return f"{self.number_prefix}-{year}-{count}" if self.number_prefix else f"{year}-{count}"


@dataclass(frozen=True, slots=True)
class KeptInvoicing:
    """In its revision, 0 of a house that has never said anything."""

    invoicing: Invoicing
    revision: int
