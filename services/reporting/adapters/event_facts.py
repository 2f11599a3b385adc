"""Events of other services as facts. One that breaks its contract is a fault: its key is parked, nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from balcon.catalogue.v1.catalogue_events_pb2 import (
    PerformanceArchived,
    PerformanceCancelled,
    PerformanceCreated,
    PerformanceHidden,
    PerformanceMoved,
    PerformanceOpenedForSale,
    PerformancePublished,
    PerformanceSaleClosed,
    PerformanceUpdated,
)
from balcon.inventory.v1.inventory_events_pb2 import AvailabilityChanged
from balcon.orders.v1.orders_events_pb2 import (
    OrderConfirmed,
    OrderLinesCancelled,
    OrderPartlyRefunded,
    OrderRefunded,
)
from google.protobuf.message import DecodeError

from services.contracts.wire_prices import component_kind_of
from services.contracts.wire_types import channel_of
from services.reporting.domain.facts import (
    BackPart,
    Fact,
    LineBack,
    LinesCancelled,
    PerformanceDescribed,
    SaleConfirmed,
    SalePartlyRefunded,
    SaleRefunded,
    SeatsCounted,
    TicketsSold,
)
from services.runtime.errors import Fatal
from services.runtime.ids import refused_key
from services.runtime.outbox.event import IncomingEvent

_MAX_STORED_INTEGER = 2**63 - 1


class EventMalformed(Fatal):
    """An event's content breaks its contract."""


def _described(event: IncomingEvent) -> PerformanceDescribed:
    # The events of a performance all carry the whole performance as field 1.
    performance = PerformanceCreated.FromString(event.payload).performance
    currencies = {price.amount.currency for price in performance.prices}
    if len(currencies) > 1:
        raise EventMalformed(event_id=event.id, field="prices", problem="more than one currency")
    return PerformanceDescribed(
        house_id=performance.house_id,
        performance_id=performance.performance_id,
        sequence=event.sequence,
        title=performance.title,
        capacity=performance.capacity,
        currency=currencies.pop() if currencies else "",
        at_ms=event.time_ms,
    )


def _counted(event: IncomingEvent) -> SeatsCounted:
    changed = AvailabilityChanged.FromString(event.payload)
    if max(changed.epoch, changed.version) > _MAX_STORED_INTEGER:
        raise EventMalformed(event_id=event.id, field="epoch or version", problem=f"above {_MAX_STORED_INTEGER}")
    return SeatsCounted(
        house_id=changed.house_id,
        performance_id=changed.performance_id,
        epoch=changed.epoch,
        version=changed.version,
        free=changed.counts.free,
        held=changed.counts.held,
        claimed=changed.counts.claimed,
        sold=changed.counts.sold,
        blocked=changed.counts.blocked,
        reserved=changed.counts.reserved,
        allotted=changed.counts.allotted,
        reported_sold=changed.counts.reported_sold,
        capacity=changed.counts.capacity,
        at_ms=changed.observed_at_ms,
    )


def _confirmed(event: IncomingEvent) -> SaleConfirmed:
    confirmed = OrderConfirmed.FromString(event.payload)
    currencies = {line.price.currency for line in confirmed.lines}
    if len(currencies) != 1:
        raise EventMalformed(event_id=event.id, field="lines", problem="not of one currency")
    channel = channel_of(confirmed.channel)
    if channel is None:
        raise EventMalformed(event_id=event.id, field="channel", problem=f"unknown: {confirmed.channel}")
    by_category: dict[str, TicketsSold] = {}
    for line in confirmed.lines:
        known = by_category.get(line.category, TicketsSold(line.category, 0, 0))
        revenue_minor = known.revenue_minor + line.price.amount_minor
        by_category[line.category] = TicketsSold(line.category, known.tickets + 1, revenue_minor)
    return SaleConfirmed(
        house_id=confirmed.house_id,
        performance_id=confirmed.performance_id,
        order_id=_key(event, "order_id", confirmed.order_id),
        channel=channel,
        currency=currencies.pop(),
        lines=tuple(by_category[category] for category in sorted(by_category)),
        at_ms=confirmed.confirmed_at_ms,
    )


def _cancelled(event: IncomingEvent) -> LinesCancelled:
    cancelled = OrderLinesCancelled.FromString(event.payload)
    return LinesCancelled(
        house_id=cancelled.house_id,
        performance_id=cancelled.performance_id,
        order_id=_key(event, "order_id", cancelled.order_id),
        seats=tuple((line.seat_id, line.category) for line in cancelled.lines),
        at_ms=cancelled.cancelled_at_ms,
    )


def _lines_back(event: IncomingEvent, partly: OrderPartlyRefunded) -> tuple[LineBack, ...]:
    lines = []
    for line in partly.lines:
        parts = []
        for one in line.components:
            kind = component_kind_of(one.kind)
            if kind is None:
                raise EventMalformed(event_id=event.id, field="lines.components.kind", problem=f"unknown: {one.kind}")
            parts.append(BackPart(kind.value, one.amount.amount_minor, one.vat.amount.amount_minor))
        lines.append(LineBack(line.seat_id, tuple(parts), line.category))
    back = sum(part.amount_minor for line in lines for part in line.parts)
    if lines and back != partly.refunded.amount_minor:
        raise EventMalformed(event_id=event.id, field="lines", problem="do not add up to what went back")
    return tuple(lines)


def _partly_refunded(event: IncomingEvent) -> SalePartlyRefunded:
    partly = OrderPartlyRefunded.FromString(event.payload)
    if not 0 < partly.refunded.amount_minor <= partly.total.amount_minor:
        raise EventMalformed(event_id=event.id, field="refunded", problem="is no part of the total")
    return SalePartlyRefunded(
        house_id=partly.house_id,
        performance_id=partly.performance_id,
        order_id=_key(event, "order_id", partly.order_id),
        refunded_minor=partly.refunded.amount_minor,
        at_ms=partly.refunded_at_ms,
        lines=_lines_back(event, partly),
    )


def _refunded(event: IncomingEvent) -> SaleRefunded:
    refunded = OrderRefunded.FromString(event.payload)
    return SaleRefunded(
        house_id=refunded.house_id,
        performance_id=refunded.performance_id,
        order_id=_key(event, "order_id", refunded.order_id),
        at_ms=refunded.refunded_at_ms,
    )


_READERS: Mapping[str, Callable[[IncomingEvent], Fact]] = {
    PerformanceCreated.DESCRIPTOR.full_name: _described,
    PerformanceOpenedForSale.DESCRIPTOR.full_name: _described,
    PerformanceSaleClosed.DESCRIPTOR.full_name: _described,
    PerformancePublished.DESCRIPTOR.full_name: _described,
    PerformanceHidden.DESCRIPTOR.full_name: _described,
    PerformanceUpdated.DESCRIPTOR.full_name: _described,
    PerformanceMoved.DESCRIPTOR.full_name: _described,
    PerformanceCancelled.DESCRIPTOR.full_name: _described,
    PerformanceArchived.DESCRIPTOR.full_name: _described,
    AvailabilityChanged.DESCRIPTOR.full_name: _counted,
    OrderConfirmed.DESCRIPTOR.full_name: _confirmed,
    OrderLinesCancelled.DESCRIPTOR.full_name: _cancelled,
    OrderPartlyRefunded.DESCRIPTOR.full_name: _partly_refunded,
    OrderRefunded.DESCRIPTOR.full_name: _refunded,
}

# The types that say what a performance is.
DESCRIBES = frozenset(kind for kind, reader in _READERS.items() if reader is _described)


def fact_of(event: IncomingEvent) -> Fact | None:
    """The fact in an event; None for one that changes no figure, also for types that come with a later release.

    Raises EventMalformed.
    """
    read = _READERS.get(event.type)
    if read is None:
        return None
    try:
        fact = read(event)
    except DecodeError as error:
        raise EventMalformed(event_id=event.id, field="payload", problem=f"is no {event.type}") from error
    refused_place(event, fact.house_id, fact.performance_id)
    return fact


def refused_place(event: IncomingEvent, house_id: str, performance_id: str, order_id: str | None = None) -> None:
    """Raises EventMalformed unless the content names the house and the key that the headers name, and an order's id."""
    _key(event, "house_id", house_id)
    _key(event, "performance_id", performance_id)
    if order_id is not None:
        _key(event, "order_id", order_id)
    if house_id != event.house_id:
        raise EventMalformed(event_id=event.id, field="house_id", problem="differs from the header")
    if performance_id != event.key:
        raise EventMalformed(event_id=event.id, field="performance_id", problem="is not the event's key")


def _key(event: IncomingEvent, field: str, value: str) -> str:
    refused = refused_key(field, value)
    if refused is not None:
        raise EventMalformed(event_id=event.id, field=field, problem=refused.problem)
    return value
