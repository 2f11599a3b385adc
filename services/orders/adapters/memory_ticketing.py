"""The Ticketing's twin in memory: an order's seat has one ticket, however often it is asked for."""

from __future__ import annotations

from services.orders.domain.order import Order, Ticket
from services.orders.ports import Declined
from services.runtime.ids import Ids


class MemoryTicketing:
    """See Ticketing. Its codes are secrets, and nobody's signature."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        # By order, performance and seat.
        self.tickets: dict[tuple[str, str, str], Ticket] = {}

    async def issue(self, order: Order) -> tuple[Ticket, ...] | Declined:
        """See Ticketing.issue."""
        return tuple(
            self._ticket(order.order_id, part.performance_id, line.seat_id)
            for part in order.parts
            for line in part.lines
        )

    def _ticket(self, order_id: str, performance_id: str, seat_id: str) -> Ticket:
        key = order_id, performance_id, seat_id
        if key not in self.tickets:
            self.tickets[key] = Ticket(self._ids.new_id("tkt"), seat_id, self._ids.new_secret())
        return self.tickets[key]
