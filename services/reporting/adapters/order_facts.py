"""Orders' events as facts of the sales ledger, decoded once for all that is counted of them."""

from __future__ import annotations

from balcon.catalogue.v1.prices_pb2 import TicketKind
from balcon.customers.v1.customers_events_pb2 import CustomerErased, CustomersMerged
from balcon.orders.v1.orders_events_pb2 import (
    OrderConfirmed,
    OrderLinesCancelled,
    OrderPartlyRefunded,
    OrderRefunded,
)
from balcon.orders.v1.orders_service_pb2 import LineComponent, OrderLine
from balcon.types.v1.principal_pb2 import PrincipalKind
from google.protobuf.message import DecodeError

from services.contracts.wire_prices import component_kind_of
from services.contracts.wire_types import channel_of
from services.reporting.adapters.event_facts import EventMalformed, fact_of, refused_place
from services.reporting.domain.facts import LinesCancelled, SalePartlyRefunded, SaleRefunded
from services.reporting.domain.fates import NOBODY, CustomerGone
from services.reporting.domain.ledger import OrderFact, OrderSold, Part, Sale, SoldLine
from services.runtime.outbox.event import IncomingEvent

_CONFIRMED = OrderConfirmed.DESCRIPTOR.full_name
_BACK = (
    OrderLinesCancelled.DESCRIPTOR.full_name,
    OrderPartlyRefunded.DESCRIPTOR.full_name,
    OrderRefunded.DESCRIPTOR.full_name,
)
_ERASED = CustomerErased.DESCRIPTOR.full_name
_MERGED = CustomersMerged.DESCRIPTOR.full_name

# R0.2. Orders from before it was kept say nothing of it, and so does a kind of a later version.
_KINDS = {
    TicketKind.TICKET_KIND_NORMAL: "normal",
    TicketKind.TICKET_KIND_DISCOUNT: "discount",
    TicketKind.TICKET_KIND_FREE: "free",
}
_OTHER = "other"
_SELLER_KINDS = {value: name.removeprefix("PRINCIPAL_KIND_").lower() for name, value in PrincipalKind.items() if value}
# Buyers sell to themselves: their number has no end, and nobody asks for figures of one.
_UNNAMED = frozenset({PrincipalKind.PRINCIPAL_KIND_BUYER})


def order_fact_of(event: IncomingEvent) -> OrderFact | CustomerGone | None:
    """The fact in an event of orders or customers; None for one that moves nothing. Raises EventMalformed."""
    try:
        if event.type == _CONFIRMED:
            return _sold(event)
        if event.type in _BACK:
            fact = fact_of(event)
            assert isinstance(fact, LinesCancelled | SalePartlyRefunded | SaleRefunded), (
                "what comes back is read as that"
            )
            return fact
        if event.type == _ERASED:
            erased = CustomerErased.FromString(event.payload)
            return _gone(event, erased.house_id, erased.customer_id, NOBODY)
        if event.type == _MERGED:
            merged = CustomersMerged.FromString(event.payload)
            return _gone(event, merged.house_id, merged.merged_customer_id, merged.customer_id)
    except DecodeError as error:
        raise EventMalformed(event_id=event.id, field="payload", problem=f"is no {event.type}") from error
    return None


def _gone(event: IncomingEvent, house_id: str, customer_id: str, became: str) -> CustomerGone:
    if house_id != event.house_id:
        raise EventMalformed(event_id=event.id, field="house_id", problem="differs from the header")
    if not customer_id:
        raise EventMalformed(event_id=event.id, field="customer_id", problem="is not set")
    return CustomerGone(house_id, customer_id, became)


def _sold(event: IncomingEvent) -> OrderSold:
    confirmed = OrderConfirmed.FromString(event.payload)
    refused_place(event, confirmed.house_id, confirmed.performance_id, confirmed.order_id)
    channel = channel_of(confirmed.channel)
    if channel is None:
        raise EventMalformed(event_id=event.id, field="channel", problem=f"unknown: {confirmed.channel}")
    currencies = {line.price.currency for line in confirmed.lines}
    if len(currencies) != 1:
        raise EventMalformed(event_id=event.id, field="lines", problem="not of one currency")
    seller = confirmed.sold_by
    sale = Sale(
        channel=channel,
        currency=currencies.pop(),
        seller_kind=_SELLER_KINDS.get(seller.kind, ""),
        seller="" if seller.kind in _UNNAMED else seller.subject,
        customer_id=confirmed.customer_id,
        lines=tuple([_line(event, line) for line in confirmed.lines]),
        at_ms=confirmed.confirmed_at_ms,
    )
    return OrderSold(event.house_id, event.key, confirmed.order_id, sale)


def _line(event: IncomingEvent, line: OrderLine) -> SoldLine:
    discount = line.discount
    amount_minor = line.price.amount_minor
    parts = tuple([_part(event, one) for one in line.components]) or (_whole(line),)
    if sum(part.amount_minor for part in parts) != amount_minor or min(part.amount_minor for part in parts) < 0:
        raise EventMalformed(event_id=event.id, field="components", problem="do not add up to the price")
    return SoldLine(
        seat_id=line.seat_id,
        category=line.category,
        kind=_KINDS.get(line.kind, _OTHER),
        ticket_type=line.ticket_type,
        amount_minor=amount_minor,
        discount_minor=discount.amount.amount_minor,
        discount_id=discount.discount_id,
        office_id=discount.office_id,
        parts=parts,
    )


def _whole(line: OrderLine) -> Part:
    """Orders from before components were kept: all of it is the base."""
    vat = line.vat
    return Part("base", vat.vat_class, vat.rate_basis_points, line.price.amount_minor, vat.amount.amount_minor)


def _part(event: IncomingEvent, component: LineComponent) -> Part:
    kind = component_kind_of(component.kind)
    if kind is None:
        raise EventMalformed(event_id=event.id, field="components.kind", problem=f"unknown: {component.kind}")
    vat = component.vat
    return Part(
        kind.value, vat.vat_class, vat.rate_basis_points, component.amount.amount_minor, vat.amount.amount_minor
    )
