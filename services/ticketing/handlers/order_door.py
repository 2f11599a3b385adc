"""Lets whoever shows an order's number and a code of one of its tickets act for it, and nobody guess them."""

from __future__ import annotations

from typing import Final

from services.contracts.order_code_refusals import OrderCodeWrong
from services.contracts.voucher_refusals import TooManyWrongCodes
from services.runtime.call_context import current_principal
from services.runtime.errors import Refusal
from services.runtime.telemetry.metrics import ORDER_CODES_WRONG
from services.ticketing.domain.shown_code import GIVEN_BACK, ShownTicket, shown_ticket
from services.ticketing.domain.ticket import VoidReason
from services.ticketing.ports.store import TicketingStore

WINDOW_MS: Final = 10 * 60_000
# Of one order and of one caller; a guesser has one in 2^40 for each try at a number that exists.
MOST_WRONG: Final = 10
MOST_WRONG_OF_HOUSE: Final = 500
# No order and no caller is named so.
_WHOLE_HOUSE: Final = "*"


class OrderDoor:
    """Stateless. A wrong code and an unknown number are answered alike, by the same statements."""

    def __init__(self, store: TicketingStore) -> None:
        self._store = store

    async def shown(
        self, house_id: str, order_id: str, code: str, also_void: frozenset[VoidReason] = GIVEN_BACK
    ) -> ShownTicket | Refusal:
        """The ticket. Whoever was wrong too often is not even looked up for.

        Each guess is counted before it is looked at, under the lock of its count, and not counted where it was right:
        many at once are no more than one after the other.
        """
        principal = current_principal()
        async with self._store.transaction(house_id) as transaction:
            guesses = transaction.guesses
            if await guesses.seen(_WHOLE_HOUSE, WINDOW_MS) >= MOST_WRONG_OF_HOUSE:
                return TooManyWrongCodes(WINDOW_MS)
            # In this order, so that two who guess wait for each other and never in a circle.
            for guessed in (f"o-{order_id}", f"c-{principal.subject}" if principal else ""):
                if guessed and await guesses.count(guessed, WINDOW_MS) > MOST_WRONG:
                    return TooManyWrongCodes(WINDOW_MS)
            found = shown_ticket(await transaction.tickets.of_order(order_id), code, also_void)
            if found is None:
                await guesses.count(_WHOLE_HOUSE, WINDOW_MS)
                await transaction.commit()
                ORDER_CODES_WRONG.inc()
                return OrderCodeWrong()
        return found
