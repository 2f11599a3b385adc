"""Events of orders as trackers needs them. One that breaks its contract is a fault: nothing is guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from balcon.orders.v1.orders_events_pb2 import OrderConfirmed, OrderPartlyRefunded, OrderRefunded
from google.protobuf.message import DecodeError

from services.runtime.errors import Fatal
from services.runtime.outbox.event import IncomingEvent

_CONFIRMED: Final = OrderConfirmed.DESCRIPTOR.full_name
_PARTLY: Final = OrderPartlyRefunded.DESCRIPTOR.full_name
_REFUNDED: Final = OrderRefunded.DESCRIPTOR.full_name


class OrderEventMalformed(Fatal):
    """An event of orders breaks its contract."""

    event_id: str
    problem: str


@dataclass(frozen=True, slots=True)
class OrderFact:
    """What one event adds. `left_minor` None: it says nothing of money that went back."""

    house_id: str
    order_id: str
    performance_id: str
    at_ms: int
    customer_id: str = ""
    is_confirmed: bool = False
    left_minor: int | None = None
    currency: str = ""


def order_fact_of(event: IncomingEvent) -> OrderFact | None:
    """None for one that says nothing of this, and for types of a later release. Raises OrderEventMalformed."""
    try:
        if event.type == _CONFIRMED:
            sold = OrderConfirmed.FromString(event.payload)
            return OrderFact(
                sold.house_id,
                sold.order_id,
                sold.performance_id,
                sold.confirmed_at_ms,
                customer_id=sold.customer_id,
                is_confirmed=True,
            )
        if event.type == _PARTLY:
            partly = OrderPartlyRefunded.FromString(event.payload)
            left = partly.total.amount_minor - partly.refunded.amount_minor
            return _refund(event, partly, left, partly.total.currency)
        if event.type == _REFUNDED:
            whole = OrderRefunded.FromString(event.payload)
            return _refund(event, whole, 0, whole.amount.currency)
    except DecodeError as error:
        raise OrderEventMalformed(event_id=event.id, problem=f"is no {event.type}") from error
    return None


def _refund(event: IncomingEvent, told: OrderPartlyRefunded | OrderRefunded, left: int, currency: str) -> OrderFact:
    if left < 0:
        raise OrderEventMalformed(event_id=event.id, problem="more went back than was paid")
    return OrderFact(
        told.house_id, told.order_id, told.performance_id, told.refunded_at_ms, left_minor=left, currency=currency
    )
