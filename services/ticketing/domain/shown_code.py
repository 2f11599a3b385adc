"""A number and a code that somebody shows, and the ticket that they are of. Pure; takes the same time for all codes."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from services.ticketing.domain.ticket import Ticket, VoidReason, spoken_code

# Whoever had a ticket that was given back may still look at what became of it. Codes that were passed on are nobody's.
GIVEN_BACK: Final = frozenset({VoidReason.LINE_CANCELLED, VoidReason.ORDER_ENDED})
PASSED_ON: Final = GIVEN_BACK | {VoidReason.TRANSFERRED}
# People read O for 0, and I or L for 1; no code has these.
_MISREAD: Final = str.maketrans("OIL", "011")


@dataclass(frozen=True, slots=True)
class ShownTicket:
    """The ticket of the code, and all of the order that let in and that the same person holds."""

    ticket: Ticket
    held: tuple[Ticket, ...]


def shown_ticket(tickets: Sequence[Ticket], typed: str, also_void: frozenset[VoidReason]) -> ShownTicket | None:
    """By the code as it is scanned, or as it is printed for people. Every ticket is compared, found or not."""
    as_scanned = _digest(typed.strip())
    as_read = _digest("".join(typed.split()).replace("-", "").upper().translate(_MISREAD))
    found: Ticket | None = None
    for ticket in tickets:
        is_it = hmac.compare_digest(_digest(ticket.code), as_scanned)
        is_it |= hmac.compare_digest(_digest(spoken_code(ticket)), as_read)
        if is_it and (ticket.void_reason is None or ticket.void_reason in also_void):
            found = ticket if found is None or ticket.is_valid else found
    if found is None:
        return None
    held = tuple(one for one in tickets if one.is_valid and one.holder_id == found.holder_id)
    return ShownTicket(found, held)


def _digest(text: str) -> bytes:
    return sha256(text.encode(errors="replace")).digest()
