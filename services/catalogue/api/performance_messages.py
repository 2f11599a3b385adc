"""Performances and prices between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Mapping

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.performance import Performance, PerformanceTerms, Price, SaleState, TicketKind
from services.contracts.wire_types import instant_ms, wire_instant, wire_money

_SALE_STATES: Mapping[SaleState, pb.SaleState.ValueType] = {
    SaleState.DRAFT: pb.SALE_STATE_DRAFT,
    SaleState.ON_SALE: pb.SALE_STATE_ON_SALE,
    SaleState.CLOSED: pb.SALE_STATE_CLOSED,
}
_TICKET_KINDS: Mapping[TicketKind | None, pb.TicketKind.ValueType] = {
    TicketKind.NORMAL: pb.TICKET_KIND_NORMAL,
    TicketKind.DISCOUNT: pb.TICKET_KIND_DISCOUNT,
    TicketKind.FREE: pb.TICKET_KIND_FREE,
    TicketKind.OTHER: pb.TICKET_KIND_OTHER,
    None: pb.TICKET_KIND_UNSPECIFIED,
}
_KINDS_OF_WIRE: Mapping[int, TicketKind | None] = {wire: kind for kind, wire in _TICKET_KINDS.items()}


def performance_message(performance: Performance) -> pb.Performance:
    """The performance on the wire; events carry the same."""
    return pb.Performance(
        performance_id=performance.performance_id,
        house_id=performance.house_id,
        hall_id=performance.hall_id,
        plan_version=performance.plan_version,
        production_id=performance.production_id,
        title=performance.title,
        starts_at=wire_instant(performance.starts_at_ms),
        sale_state=_SALE_STATES[performance.sale_state],
        prices=[_price_message(price) for price in performance.prices],
        seats_per_holder=performance.seats_per_holder,
        hold_ttl_seconds=performance.hold_ttl_seconds,
        capacity=performance.capacity,
        refuses_orphans=performance.refuses_orphans,
        sale_ends_at=wire_instant(performance.sale_ends_at_ms),
    )


def _price_message(price: Price) -> pb.Price:
    return pb.Price(
        category=price.category,
        ticket_type=price.ticket_type,
        kind=_TICKET_KINDS[price.kind],
        amount=wire_money(price.amount_minor, price.currency),
    )


def terms_of(request: pb.CreatePerformanceRequest) -> PerformanceTerms:
    """What the request chooses. A ticket kind that this version does not know counts as none."""
    prices = tuple(
        Price(
            price.category,
            price.ticket_type,
            _KINDS_OF_WIRE.get(price.kind),
            price.amount.amount_minor,
            price.amount.currency,
        )
        for price in request.prices
    )
    return PerformanceTerms(
        starts_at_ms=instant_ms(request.starts_at),
        prices=prices,
        seats_per_holder=request.seats_per_holder,
        hold_ttl_seconds=request.hold_ttl_seconds,
        refuses_orphans=request.refuses_orphans,
        sale_ends_at_ms=instant_ms(request.sale_ends_at),
    )
