"""What whoever holds a ticket does with it without staff: by number and code, under the house's rules."""

from __future__ import annotations

from services.contracts.once import Asked
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.ticketing.domain.delivery import Delivery
from services.ticketing.domain.shown_code import GIVEN_BACK, PASSED_ON, ShownTicket
from services.ticketing.domain.sold_ticket_refusals import TicketIsVoid
from services.ticketing.domain.ticket import Ticket, VoidReason
from services.ticketing.handlers.known_shows import KnownShows
from services.ticketing.handlers.order_door import OrderDoor
from services.ticketing.handlers.sold_tickets import Held, NewHolder, SoldTicketHandler
from services.ticketing.ports.sold_orders import SoldOrders


class OwnTicketHandler:
    """Stateless. Every call may raise NeighbourSilent."""

    def __init__(
        self, door: OrderDoor, sold: SoldTicketHandler, orders: SoldOrders, shows: KnownShows, clock: Clock
    ) -> None:
        self._door = door
        self._sold = sold
        self._orders = orders
        self._shows = shows
        self._clock = clock

    async def shown(self, house_id: str, order_id: str, code: str) -> ShownTicket | Refusal:
        """Whose code it is."""
        return await self._door.shown(house_id, order_id, code)

    async def rename(self, asked: Asked[Ticket], house_id: str, order_id: str, code: str, name: str) -> bytes | Refusal:
        """Another name on the ticket of the code."""
        found = await self._held(house_id, order_id, code, GIVEN_BACK)
        if isinstance(found, Refusal):
            return found
        ticket, held = found
        refused = await self._refused(house_id, ticket, held, "renamed", may=held.rules.may_rename)
        return refused or await self._sold.rename(asked, house_id, ticket.ticket_id, name, held)

    async def transfer(
        self, asked: Asked[Ticket], house_id: str, order_id: str, code: str, holder: NewHolder
    ) -> bytes | Refusal:
        """The ticket of the code is somebody else's. A code that was passed on is known here, so that a request whose
        answer was lost gets it; to any other it is void."""
        found = await self._held(house_id, order_id, code, PASSED_ON)
        if isinstance(found, Refusal):
            return found
        ticket, held = found
        refused = await self._refused(house_id, ticket, held, "passed on", may=held.rules.may_transfer)
        return refused or await self._sold.transfer(asked, house_id, ticket.ticket_id, holder, held)

    async def send_again(self, asked: Asked[Delivery], house_id: str, order_id: str, code: str) -> bytes | Refusal:
        """All tickets of whoever holds the one of the code, to the address on file."""
        found = await self._held(house_id, order_id, code, GIVEN_BACK)
        return found if isinstance(found, Refusal) else await self._sold.send_own(asked, house_id, found[1])

    async def _held(
        self, house_id: str, order_id: str, code: str, also_void: frozenset[VoidReason]
    ) -> tuple[Ticket, Held] | Refusal:
        shown = await self._door.shown(house_id, order_id, code, also_void)
        if isinstance(shown, Refusal):
            return shown
        ticket = shown.ticket
        rules = await self._orders.holder_rules(house_id, ticket.performance_id)
        return ticket, Held(order_id, ticket.holder_id, rules)

    async def _refused(self, house_id: str, ticket: Ticket, held: Held, act: str, *, may: bool) -> Refusal | None:
        if ticket.void_reason in GIVEN_BACK:
            return TicketIsVoid(ticket.ticket_id, ticket.void_reason.value)
        show = await self._shows.show(house_id, ticket.performance_id)
        if isinstance(show, Refusal):
            return show
        return held.rules.refused(
            ticket.performance_id, act, may=may, starts_at_ms=show.starts_at_ms, now_ms=self._clock.now_ms()
        )
