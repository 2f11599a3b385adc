"""Events of orders, inventory and allotments as podiumkunst hears them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from balcon.catalogue.v1 import prices_pb2
from balcon.inventory.v1.allotments_pb2 import AllotmentChanged
from balcon.inventory.v1.inventory_events_pb2 import AvailabilityChanged
from balcon.inventory.v1.inventory_service_pb2 import SeatCounts
from balcon.orders.v1.orders_events_pb2 import OrderConfirmed, OrderPartlyRefunded, OrderRefunded
from balcon.orders.v1.orders_service_pb2 import LineComponent, OrderLine
from balcon.types.v1.money_pb2 import Money
from balcon.types.v1.principal_pb2 import PrincipalKind, PrincipalRef
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE
from google.protobuf.message import Message

from services.runtime.bus.topics import AVAILABILITY, ORDERS
from services.runtime.outbox.event import IncomingEvent

HOUSE = "house_1"
SHOW = "prf_1"
FULL = {"BASE": 2_300, "THEATRE_SURCHARGE": 200, "WARDROBE_FEE": 100, "SERVICE_FEE": 150}
BUYER = PrincipalRef(kind=PrincipalKind.PRINCIPAL_KIND_BUYER, subject="buyer_1")


def euro(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency="EUR")


def line(kind: str = "NORMAL", **parts: int) -> OrderLine:
    """One ticket; without parts the one of R0.13: 25.00, and 2.50 of fees."""
    made_of = parts or FULL
    return OrderLine(
        seat_id="s1",
        category="stalls",
        ticket_type="normal",
        price=euro(sum(made_of.values())),
        kind=prices_pb2.TicketKind.Value(f"TICKET_KIND_{kind}"),
        components=[
            LineComponent(kind=prices_pb2.PriceComponentKind.Value(f"PRICE_COMPONENT_KIND_{name}"), amount=euro(amount))
            for name, amount in made_of.items()
        ],
    )


def confirmed(
    order_id: str,
    lines: Sequence[OrderLine] | int = 1,
    *,
    house_id: str = HOUSE,
    performance_id: str = SHOW,
    sold_by: PrincipalRef = BUYER,
) -> OrderConfirmed:
    """So many full tickets, or these."""
    tickets = [line() for _ in range(lines)] if isinstance(lines, int) else lines
    return OrderConfirmed(
        order_id=order_id,
        house_id=house_id,
        performance_id=performance_id,
        channel=CHANNEL_ONLINE,
        plan_version=1,
        lines=tickets,
        total=euro(sum(one.price.amount_minor for one in tickets)),
        confirmed_at_ms=1,
        sold_by=sold_by,
    )


def refunded(order_id: str, *, house_id: str = HOUSE, performance_id: str = SHOW) -> OrderRefunded:
    return OrderRefunded(order_id=order_id, house_id=house_id, performance_id=performance_id, amount=euro(1))


def partly(order_id: str, back_minor: int, total_minor: int) -> OrderPartlyRefunded:
    return OrderPartlyRefunded(
        order_id=order_id,
        house_id=HOUSE,
        performance_id=SHOW,
        total=euro(total_minor),
        refunded=euro(back_minor),
    )


def counted(version: int, *, performance_id: str = SHOW, house_id: str = HOUSE, **counts: int) -> AvailabilityChanged:
    return AvailabilityChanged(
        house_id=house_id, performance_id=performance_id, epoch=1, version=version, counts=SeatCounts(**counts)
    )


def heard(message: Any, sequence: int = 0) -> IncomingEvent:
    """As a consumer's handler is given it."""
    assert isinstance(message, Message)
    topic = AVAILABILITY if isinstance(message, AvailabilityChanged) else ORDERS
    place = message.allotment if isinstance(message, AllotmentChanged) else message
    return IncomingEvent(
        id=f"evt_{sequence}",
        source="balcon.test",
        topic=topic,
        key=place.performance_id,  # type: ignore[attr-defined]
        type=message.DESCRIPTOR.full_name,
        payload=message.SerializeToString(),
        sequence=sequence,
        time_ms=0,
        house_id=place.house_id,  # type: ignore[attr-defined]
    )
