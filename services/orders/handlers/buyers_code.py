"""Who asks for something of an order by a code of one of its tickets, as whoever bought it."""

from __future__ import annotations

from services.orders.domain.request_refusals import TicketsPassedOn
from services.orders.ports import OrderRef
from services.orders.ports.order_door import OrderDoor, ShownCode
from services.runtime.errors import Refusal


async def shown_by_buyer(door: OrderDoor, ref: OrderRef, code: str) -> ShownCode | Refusal:
    """A code of a ticket that its buyer has: what was passed on is another's. Raises Unanswered."""
    shown = await door.shown(ref.house_id, ref.order_id, code)
    return TicketsPassedOn(ref.order_id) if isinstance(shown, ShownCode) and shown.holder_id else shown
