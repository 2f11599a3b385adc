"""What a letter about an order tells, as plain values: no wire types, times as Unix milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

from services.ticketing.domain.delivery import DeliveryKind
from services.ticketing.domain.sold_order import AskedBack, GivenVoucher, Tax
from services.ticketing.paper.documents import Performance, Place


@dataclass(frozen=True, slots=True)
class LetterSeat:
    """One seat. `price_minor` None: it is nobody's business here. `name`: who is to sit there, where somebody said.

    `wallet_url`: puts the ticket into Google Wallet; empty: nobody offers that.
    """

    place: Place
    ticket_type: str
    price_minor: int | None = None
    name: str = ""
    wallet_url: str = ""


@dataclass(frozen=True, slots=True)
class LetterShow:
    """A performance with the reader's seats. `uid` and `sequence` are its calendar entry's, the same in every letter.

    `was_at_ms`: when it was to begin before it was moved; 0: it was not. `refund_until_ms` 0: nobody said.
    """

    performance: Performance
    address: tuple[str, ...]
    seats: tuple[LetterSeat, ...]
    uid: str
    sequence: int = 0
    ends_at_ms: int | None = None
    was_at_ms: int = 0
    refund_until_ms: int = 0
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class OrderLetter:
    """One letter. `total_minor` None: the reader has not paid. `is_copy`: another may have arrived before.

    `taxes` are in all that was paid, each rate once. `refund`: the request that it is about, and `vouchers` what it
    has given.
    """

    kind: DeliveryKind
    order_number: str
    reader: str
    shows: tuple[LetterShow, ...]
    written_at_ms: int
    total_minor: int | None = None
    taxes: tuple[Tax, ...] = ()
    is_copy: bool = False
    has_tickets: bool = True
    has_calendar: bool = True
    has_pass: bool = False
    refund: AskedBack | None = None
    vouchers: tuple[GivenVoucher, ...] = ()
