"""Tickets: whose they are, which seat they are for, and whether they still let in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

MAX_FOREIGN_CODE_CHARS = 256
# Of a ticket's id: enough for people to tell tickets of one performance apart, and for nobody to guess.
_SPOKEN_CHARS = 8


class VoidReason(Enum):
    """Why a ticket lets nobody in any more; names as in balcon.ticketing.v1.VoidReason."""

    ORDER_ENDED = "ORDER_ENDED"
    SEAT_RETURNED = "SEAT_RETURNED"
    SEAT_RECALLED = "SEAT_RECALLED"
    REPRINTED = "REPRINTED"
    BY_HAND = "BY_HAND"
    TRANSFERRED = "TRANSFERRED"
    RESEATED = "RESEATED"
    LINE_CANCELLED = "LINE_CANCELLED"


@dataclass(frozen=True, slots=True)
class SeatOfTicket:
    """A seat as people read it, and what kind of ticket is for it. `row` is empty in a standing area."""

    seat_id: str
    ticket_type: str
    zone: str = ""
    row: str = ""
    seat: str = ""


@dataclass(frozen=True, slots=True)
class TicketSource:
    """Whose tickets they are: an order's, or an allotment's in one of its versions, made by one print."""

    order_id: str = ""
    allotment_id: str = ""
    # Of an order: since when it has been paid. Of an allotment: the version that was printed.
    as_of: int = 0
    print_id: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket of one seat. `code` is what its QR says, ours or another system's (`is_foreign`).

    `holder_id`: the customer that it was passed on to; '': whoever bought has it. `sealed_name`: who is to sit there.
    """

    ticket_id: str
    performance_id: str
    source: TicketSource
    seat: SeatOfTicket
    code: str
    issued_at_ms: int
    is_foreign: bool = False
    void_reason: VoidReason | None = None
    voided_at_ms: int = 0
    holder_id: str = ""
    sealed_name: bytes = field(default=b"", repr=False)

    @property
    def is_valid(self) -> bool:
        """Whether it lets in."""
        return self.void_reason is None


def spoken_code(ticket: Ticket) -> str:
    """What people read and compare; another system's code as it is."""
    return ticket.code if ticket.is_foreign else ticket.ticket_id[-_SPOKEN_CHARS:].upper()


@dataclass(frozen=True, slots=True)
class Revocation:
    """A void ticket in its performance's list. Numbers count from 1, without a gap."""

    number: int
    ticket_id: str
    foreign_code: str
    reason: VoidReason
    voided_at_ms: int
