"""Ticketing's own ways of saying no. Another house's things are not found, never forbidden (INV-8)."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class OrderEnded(Refusal):
    """The money of order {order_id} goes back: it gets no tickets any more."""

    kind = Kind.PRECONDITION
    order_id: str


@dataclass(frozen=True, slots=True)
class SeatHasTicket(Refusal):
    """Somebody else has a valid ticket for {seats}; it passes once that one is void."""

    kind = Kind.CONFLICT
    seats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllotmentNotFound(Refusal):
    """The performance has no allotment {allotment_id}."""

    kind = Kind.NOT_FOUND
    allotment_id: str


@dataclass(frozen=True, slots=True)
class AllotmentClosed(Refusal):
    """Allotment {allotment_id} is closed: nothing more is printed for it."""

    kind = Kind.PRECONDITION
    allotment_id: str


@dataclass(frozen=True, slots=True)
class AllotmentNotPrinted(Refusal):
    """Allotment {allotment_id} is of kind {allotment_kind}: its tickets are not the house's to print."""

    kind = Kind.PRECONDITION
    allotment_id: str
    allotment_kind: str


@dataclass(frozen=True, slots=True)
class NothingToPrint(Refusal):
    """Each of the {open} open seats of allotment {allotment_id} has its ticket; name those to print again."""

    kind = Kind.PRECONDITION
    allotment_id: str
    open: int


@dataclass(frozen=True, slots=True)
class SeatsNotAllotted(Refusal):
    """Not in allotment {allotment_id}: {seats}."""

    kind = Kind.PRECONDITION
    allotment_id: str
    seats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PerformanceNotFound(Refusal):
    """The house has no performance {performance_id}."""

    kind = Kind.NOT_FOUND
    performance_id: str


@dataclass(frozen=True, slots=True)
class OfficeNotFound(Refusal):
    """The house has no office {office_id}."""

    kind = Kind.NOT_FOUND
    office_id: str


@dataclass(frozen=True, slots=True)
class DocumentNotFound(Refusal):
    """The house has no document {document_id}."""

    kind = Kind.NOT_FOUND
    document_id: str


@dataclass(frozen=True, slots=True)
class PlanVersionMismatch(Refusal):
    """The seats of allotment {allotment_id} are not in plan version {plan_version}; ask again in a moment."""

    kind = Kind.PRECONDITION
    allotment_id: str
    plan_version: int


@dataclass(frozen=True, slots=True)
class AllotmentNotForeign(Refusal):
    """Allotment {allotment_id} is of kind {allotment_kind}: its codes are made by the house."""

    kind = Kind.PRECONDITION
    allotment_id: str
    allotment_kind: str


@dataclass(frozen=True, slots=True)
class DocumentsNotTogether(Refusal):
    """One mail has the papers of one allotment: not all of these are of {allotment_id}."""

    kind = Kind.PRECONDITION
    allotment_id: str


@dataclass(frozen=True, slots=True)
class AttachmentsTooLarge(Refusal):
    """The documents have {size} bytes, and mail servers take no more than {limit}: send them in several."""

    kind = Kind.PRECONDITION
    size: int
    limit: int


@dataclass(frozen=True, slots=True)
class OfficeHasNoEmail(Refusal):
    """Office {office_id} has no address to send to."""

    kind = Kind.PRECONDITION
    office_id: str


@dataclass(frozen=True, slots=True)
class OfficeHasNothing(Refusal):
    """Office {office_id} has no allotment of a performance in that time."""

    kind = Kind.PRECONDITION
    office_id: str


@dataclass(frozen=True, slots=True)
class OrderNotFound(Refusal):
    """The house has no order {order_id}."""

    kind = Kind.NOT_FOUND
    order_id: str


@dataclass(frozen=True, slots=True)
class CustomerNotFound(Refusal):
    """The house has no customer {customer_id}, or not any more."""

    kind = Kind.NOT_FOUND
    customer_id: str


@dataclass(frozen=True, slots=True)
class OrderNotSold(Refusal):
    """Order {order_id} was never confirmed: there is nothing to invoice."""

    kind = Kind.PRECONDITION
    order_id: str


@dataclass(frozen=True, slots=True)
class InvoicingNotSet(Refusal):
    """The house has not said who sells: without its legal name nothing is invoiced."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class BuyerUnknown(Refusal):
    """Nobody knows who bought order {order_id}: name the buyer, or let orders up to its total have receipts."""

    kind = Kind.PRECONDITION
    order_id: str


@dataclass(frozen=True, slots=True)
class InvoiceNotFound(Refusal):
    """The house has no invoice {invoice_id}."""

    kind = Kind.NOT_FOUND
    invoice_id: str


@dataclass(frozen=True, slots=True)
class InvoiceDoesNotCount(Refusal):
    """{number} cannot be corrected: it is a credit note, was replaced, or nothing is left of it."""

    kind = Kind.PRECONDITION
    number: str


@dataclass(frozen=True, slots=True)
class InvoiceEmptied(Refusal):
    """The law wants {number} no more: its number and sums are left, nothing of it is drawn."""

    kind = Kind.PRECONDITION
    number: str
