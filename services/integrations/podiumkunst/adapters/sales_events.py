"""Events of orders, inventory and allotments as facts. One that breaks its contract is a fault: nothing is guessed."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from balcon.catalogue.v1.prices_pb2 import TicketKind
from balcon.inventory.v1.allotments_pb2 import AllotmentChanged, AllotmentKind
from balcon.inventory.v1.inventory_events_pb2 import AvailabilityChanged
from balcon.orders.v1.orders_events_pb2 import (
    OrderConfirmed,
    OrderLinesCancelled,
    OrderPartlyRefunded,
    OrderRefunded,
)
from balcon.orders.v1.orders_service_pb2 import OrderLine
from balcon.types.v1.principal_pb2 import PrincipalKind
from google.protobuf.message import DecodeError

from services.contracts.prices import RECETTE, ComponentKind
from services.contracts.wire_prices import component_kind_of
from services.integrations.podiumkunst.domain.sales import (
    Kind,
    LinesCancelled,
    MoneyBack,
    OrderBack,
    OrderFact,
    OrderSold,
    Seller,
    SoldLine,
)
from services.runtime.errors import Fatal
from services.runtime.outbox.event import IncomingEvent

_CONFIRMED: Final = OrderConfirmed.DESCRIPTOR.full_name
_LINES_CANCELLED: Final = OrderLinesCancelled.DESCRIPTOR.full_name
_PARTLY: Final = OrderPartlyRefunded.DESCRIPTOR.full_name
_REFUNDED: Final = OrderRefunded.DESCRIPTOR.full_name
_COUNTED: Final = AvailabilityChanged.DESCRIPTOR.full_name
_ALLOTTED: Final = AllotmentChanged.DESCRIPTOR.full_name
# Orders from before it was kept say nothing of it, and so does a kind of a later version.
_KINDS: Final = {
    TicketKind.TICKET_KIND_NORMAL: Kind.NORMAL,
    TicketKind.TICKET_KIND_DISCOUNT: Kind.DISCOUNT,
    TicketKind.TICKET_KIND_FREE: Kind.FREE,
}
_SELLERS: Final = {kind: name.removeprefix("PRINCIPAL_KIND_").lower() for name, kind in PrincipalKind.items() if kind}
_OFFICES: Final = {kind: name.removeprefix("ALLOTMENT_KIND_").lower() for name, kind in AllotmentKind.items()}


class EventMalformed(Fatal):
    """An event's content breaks its contract."""


class OrderKey(NamedTuple):
    """One order at one performance."""

    house_id: str
    performance_id: str
    order_id: str


def order_fact_of(event: IncomingEvent) -> tuple[OrderKey, OrderFact] | None:
    """None for one that moves no figure, and for types of a later release. Raises EventMalformed."""
    try:
        if event.type == _CONFIRMED:
            confirmed = OrderConfirmed.FromString(event.payload)
            return _key(event, confirmed), _sold(event, confirmed)
        if event.type == _PARTLY:
            partly = OrderPartlyRefunded.FromString(event.payload)
            if not 0 < partly.refunded.amount_minor <= partly.total.amount_minor:
                raise EventMalformed(event_id=event.id, field="refunded", problem="is no part of the total")
            return _key(event, partly), MoneyBack(partly.refunded.amount_minor, _recettes(event, partly))
        if event.type == _LINES_CANCELLED:
            cancelled = OrderLinesCancelled.FromString(event.payload)
            lines = tuple((line.seat_id, _KINDS.get(line.kind, Kind.OTHER)) for line in cancelled.lines)
            return _key(event, cancelled), LinesCancelled(lines)
        if event.type == _REFUNDED:
            return _key(event, OrderRefunded.FromString(event.payload)), OrderBack()
    except DecodeError as error:
        raise EventMalformed(event_id=event.id, field="payload", problem=f"is no {event.type}") from error
    return None


def seats_of(event: IncomingEvent) -> dict[str, Any] | None:
    """A row of figure_seats. Raises EventMalformed."""
    if event.type != _COUNTED:
        return None
    try:
        changed = AvailabilityChanged.FromString(event.payload)
    except DecodeError as error:
        raise EventMalformed(event_id=event.id, field="payload", problem=f"is no {event.type}") from error
    _place(event, changed.house_id, changed.performance_id)
    counts = changed.counts
    row = {"epoch": changed.epoch, "version": changed.version, "reserved": counts.reserved, "blocked": counts.blocked}
    return {"house_id": changed.house_id, "performance_id": changed.performance_id, **row}


def allotment_of(event: IncomingEvent) -> dict[str, Any] | None:
    """A row of figure_allotments. Raises EventMalformed."""
    if event.type != _ALLOTTED:
        return None
    try:
        allotment = AllotmentChanged.FromString(event.payload).allotment
    except DecodeError as error:
        raise EventMalformed(event_id=event.id, field="payload", problem=f"is no {event.type}") from error
    _place(event, allotment.house_id, allotment.performance_id)
    return {
        "house_id": allotment.house_id,
        "performance_id": allotment.performance_id,
        "allotment_id": allotment.allotment_id,
        "version": allotment.version,
        "kind": _OFFICES.get(allotment.kind, ""),
        "office_id": allotment.office_id,
        "reported_sold": allotment.counts.reported_sold,
    }


def _recettes(event: IncomingEvent, partly: OrderPartlyRefunded) -> tuple[tuple[str, int], ...]:
    """Of each line what of its recette has gone back."""
    found = []
    for line in partly.lines:
        kinds = [(component_kind_of(one.kind), one.amount.amount_minor) for one in line.components]
        if any(kind is None for kind, _ in kinds):
            raise EventMalformed(event_id=event.id, field="lines.components.kind", problem="unknown")
        found.append((line.seat_id, sum(minor for kind, minor in kinds if kind in RECETTE)))
    return tuple(found)


def _key(
    event: IncomingEvent, told: OrderConfirmed | OrderLinesCancelled | OrderPartlyRefunded | OrderRefunded
) -> OrderKey:
    _place(event, told.house_id, told.performance_id)
    if not told.order_id:
        raise EventMalformed(event_id=event.id, field="order_id", problem="is not set")
    return OrderKey(told.house_id, told.performance_id, told.order_id)


def _place(event: IncomingEvent, house_id: str, performance_id: str) -> None:
    if house_id != event.house_id or not house_id:
        raise EventMalformed(event_id=event.id, field="house_id", problem="differs from the header")
    if performance_id != event.key:
        raise EventMalformed(event_id=event.id, field="performance_id", problem="is not the event's key")


def _sold(event: IncomingEvent, confirmed: OrderConfirmed) -> OrderSold:
    currencies = {line.price.currency for line in confirmed.lines}
    if len(currencies) != 1:
        raise EventMalformed(event_id=event.id, field="lines", problem="not of one currency")
    seller = confirmed.sold_by
    is_buyer = seller.kind == PrincipalKind.PRINCIPAL_KIND_BUYER
    return OrderSold(
        Seller(_SELLERS.get(seller.kind, ""), "" if is_buyer else seller.subject),
        currencies.pop(),
        tuple([_line(event, line) for line in confirmed.lines]),
    )


def _line(event: IncomingEvent, line: OrderLine) -> SoldLine:
    parts = []
    for one in line.components:
        kind = component_kind_of(one.kind)
        if kind is None:
            raise EventMalformed(event_id=event.id, field="components.kind", problem=f"unknown: {one.kind}")
        parts.append((kind.value, one.amount.amount_minor))
    if not parts:
        # Orders from before components were kept: all of it is the base.
        parts.append((ComponentKind.BASE.value, line.price.amount_minor))
    amounts = [amount for _, amount in parts]
    if sum(amounts) != line.price.amount_minor or min(amounts) < 0:
        raise EventMalformed(event_id=event.id, field="components", problem="do not add up to the price")
    return SoldLine(_KINDS.get(line.kind, Kind.OTHER), tuple(parts), line.seat_id)
