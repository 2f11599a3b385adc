"""Performances between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Mapping

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.price_messages import VAT_ROUNDINGS, price_message, prices_of
from services.catalogue.domain.performance import Performance, PerformanceTerms, SaleState
from services.catalogue.domain.price_book import told
from services.contracts.changes import etag_of
from services.contracts.wire_types import instant_ms, wire_instant, wire_money

_SALE_STATES: Mapping[SaleState, pb.SaleState.ValueType] = {
    SaleState.DRAFT: pb.SALE_STATE_DRAFT,
    SaleState.ON_SALE: pb.SALE_STATE_ON_SALE,
    SaleState.CLOSED: pb.SALE_STATE_CLOSED,
}


def performance_message(performance: Performance) -> pb.Performance:
    """The performance on the wire; events carry the same."""
    prices = told(performance.prices, performance.book, performance.starts_at_ms)
    return pb.Performance(
        performance_id=performance.performance_id,
        house_id=performance.house_id,
        hall_id=performance.hall_id,
        plan_version=performance.plan_version,
        production_id=performance.production_id,
        title=performance.title,
        starts_at=wire_instant(performance.starts_at_ms),
        sale_state=_SALE_STATES[performance.sale_state],
        prices=[price_message(price, components) for price, components in prices.prices],
        seats_per_holder=performance.seats_per_holder,
        hold_ttl_seconds=performance.hold_ttl_seconds,
        capacity=performance.capacity,
        refuses_orphans=performance.refuses_orphans,
        sale_ends_at=wire_instant(performance.sale_ends_at_ms),
        vat_rounding=VAT_ROUNDINGS[prices.rounding],
        from_price=wire_money(prices.from_minor, prices.currency),
        prices_etag=etag_of(performance.prices_revision),
    )


def terms_of(request: pb.CreatePerformanceRequest) -> PerformanceTerms:
    """What the request chooses. A ticket kind that this version does not know counts as none."""
    return PerformanceTerms(
        starts_at_ms=instant_ms(request.starts_at),
        prices=prices_of(request.prices),
        seats_per_holder=request.seats_per_holder,
        hold_ttl_seconds=request.hold_ttl_seconds,
        refuses_orphans=request.refuses_orphans,
        sale_ends_at_ms=instant_ms(request.sale_ends_at),
    )
