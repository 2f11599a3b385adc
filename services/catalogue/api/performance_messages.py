"""Performances between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Mapping

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.price_messages import VAT_ROUNDINGS, price_message, prices_of
from services.catalogue.api.production_messages import text_messages, texts_of
from services.catalogue.api.quota_terms import terms_of_quota
from services.catalogue.api.ticket_type_messages import terms_message
from services.catalogue.domain.performance import Performance, PerformanceTerms, Publication, SaleState
from services.catalogue.domain.performance_details import PerformanceDetails
from services.catalogue.domain.performance_filter import PerformanceFilter
from services.catalogue.domain.performance_times import Admission, SalesWindow, Times
from services.catalogue.domain.price_book import told
from services.catalogue.domain.quotas import in_force
from services.contracts.changes import etag_of
from services.contracts.wire_types import (
    channel_of,
    instant_ms,
    wire_channel,
    wire_instant,
    wire_instant_or_none,
    wire_money,
)

_SALE_STATES: Mapping[SaleState, pb.SaleState.ValueType] = {
    SaleState.DRAFT: pb.SALE_STATE_DRAFT,
    SaleState.ON_SALE: pb.SALE_STATE_ON_SALE,
    SaleState.CLOSED: pb.SALE_STATE_CLOSED,
    SaleState.CANCELLED: pb.SALE_STATE_CANCELLED,
}
_PUBLICATIONS: Mapping[Publication, pb.Publication.ValueType] = {
    Publication.DRAFT: pb.PUBLICATION_DRAFT,
    Publication.PUBLISHED: pb.PUBLICATION_PUBLISHED,
    Publication.HIDDEN: pb.PUBLICATION_HIDDEN,
}
ADMISSIONS: Mapping[Admission, pb.Admission.ValueType] = {
    Admission.AT_START: pb.ADMISSION_AT_START,
    Admission.SLOT: pb.ADMISSION_SLOT,
    Admission.DAY: pb.ADMISSION_DAY,
}
# What a later version knows is None, and refused.
_SALE_STATES_OF_WIRE: Mapping[int, SaleState] = {wire: state for state, wire in _SALE_STATES.items()}
_PUBLICATIONS_OF_WIRE: Mapping[int, Publication] = {wire: each for each, wire in _PUBLICATIONS.items()}
_ADMISSIONS_OF_WIRE: Mapping[int, Admission] = {
    pb.ADMISSION_UNSPECIFIED: Admission.AT_START,
    **{wire: admission for admission, wire in ADMISSIONS.items()},
}


def performance_message(performance: Performance) -> pb.Performance:
    """The performance on the wire; events carry the same."""
    prices = told(performance.prices, performance.book, performance.starts_at_ms)
    times = performance.times
    return pb.Performance(
        performance_id=performance.performance_id,
        house_id=performance.house_id,
        hall_id=performance.hall_id,
        plan_version=performance.plan_version,
        production_id=performance.production_id,
        title=performance.title,
        starts_at=wire_instant_or_none(times.starts_at_ms),
        sale_state=_SALE_STATES[performance.sale_state],
        prices=[price_message(price, components) for price, components in prices.prices],
        seats_per_holder=performance.seats_per_holder,
        seats_per_customer=performance.seats_per_customer,
        seats_per_instrument=performance.seats_per_instrument,
        customer_limit=performance.seats_per_customer or performance.book.seats_per_customer,
        instrument_limit=performance.seats_per_instrument or performance.book.seats_per_instrument,
        hold_ttl_seconds=performance.hold_ttl_seconds,
        capacity=performance.capacity,
        refuses_orphans=performance.refuses_orphans,
        sale_ends_at=wire_instant_or_none(times.sale_ends_at_ms),
        doors_at=wire_instant_or_none(times.doors_at_ms),
        ends_at=wire_instant_or_none(times.ends_at_ms),
        admission=ADMISSIONS[performance.admission],
        opening_hours=hours_message(times),
        sales_windows=window_messages(times),
        code=performance.code,
        texts=text_messages(performance.texts),
        publication=_PUBLICATIONS[performance.publication],
        published_at=wire_instant_or_none(performance.published_at_ms),
        move_number=performance.move_number,
        refund_until_at=wire_instant_or_none(performance.refund_until_ms),
        cancelled_at=wire_instant_or_none(performance.cancelled_at_ms),
        archived_at=wire_instant_or_none(performance.archived_at_ms),
        series_id=performance.series_id,
        etag=etag_of(performance.revision),
        vat_rounding=VAT_ROUNDINGS[prices.rounding],
        from_price=wire_money(prices.from_minor, prices.currency),
        prices_etag=etag_of(performance.prices_revision),
        ticket_terms=[terms_message(name, ticket_type) for name, ticket_type in prices.terms.items()],
        quotas=[terms_of_quota(one) for one in in_force(performance)],
        terms_version=performance.revision,
    )


def hours_message(times: Times) -> pb.OpeningHours | None:
    """The hours of a day's admission; None where there are none."""
    if not times.opens_at_ms:
        return None
    return pb.OpeningHours(opens_at=wire_instant(times.opens_at_ms), closes_at=wire_instant(times.closes_at_ms))


def window_messages(times: Times) -> list[pb.SalesWindow]:
    """When each channel sells."""
    return [
        pb.SalesWindow(
            channel=wire_channel(window.channel),
            opens_at=wire_instant_or_none(window.opens_at_ms),
            closes_at=wire_instant_or_none(window.closes_at_ms),
        )
        for window in times.sales_windows
        if window.channel is not None
    ]


def terms_of(request: pb.CreatePerformanceRequest) -> PerformanceTerms:
    """What the request chooses. A ticket kind that this version does not know counts as none."""
    return PerformanceTerms(
        times=times_of(request),
        prices=prices_of(request.prices),
        price_list_id=request.price_list_id,
        seats_per_holder=request.seats_per_holder,
        seats_per_customer=request.seats_per_customer,
        seats_per_instrument=request.seats_per_instrument,
        hold_ttl_seconds=request.hold_ttl_seconds,
        refuses_orphans=request.refuses_orphans,
        admission=_ADMISSIONS_OF_WIRE.get(request.admission),
        code=request.code,
        texts=texts_of(request.texts),
    )


def details_of(asked: pb.Performance) -> PerformanceDetails:
    """What an update wants."""
    times = times_of(asked)
    return PerformanceDetails(
        production_id=asked.production_id,
        doors_at=times.doors_at_ms,
        ends_at=times.ends_at_ms,
        sale_ends_at=times.sale_ends_at_ms,
        admission=_ADMISSIONS_OF_WIRE.get(asked.admission),
        opening_hours=(times.opens_at_ms, times.closes_at_ms),
        sales_windows=times.sales_windows,
        code=asked.code,
        texts=texts_of(asked.texts),
        seats_per_holder=asked.seats_per_holder,
        seats_per_customer=asked.seats_per_customer,
        seats_per_instrument=asked.seats_per_instrument,
        hold_ttl_seconds=asked.hold_ttl_seconds,
        refuses_orphans=asked.refuses_orphans,
    )


def filter_of(asked: pb.ListPerformancesRequest) -> PerformanceFilter:
    """Which performances are asked for."""
    return PerformanceFilter(
        starts_from_ms=instant_ms(asked.starts_from_at),
        starts_until_ms=instant_ms(asked.starts_until_at),
        production_id=asked.production_id,
        hall_id=asked.hall_id,
        series_id=asked.series_id,
        code=asked.code,
        text=asked.text,
        sale_states=tuple(_SALE_STATES_OF_WIRE.get(state) for state in asked.sale_states),
        publications=tuple(_PUBLICATIONS_OF_WIRE.get(each) for each in asked.publications),
        shown_at_ms=instant_ms(asked.shown_at),
        include_archived=asked.include_archived,
    )


def times_of(asked: pb.CreatePerformanceRequest | pb.Performance) -> Times:
    """When it is to be: the two messages have these fields under the same names."""
    return Times(
        starts_at_ms=instant_ms(asked.starts_at),
        doors_at_ms=instant_ms(asked.doors_at),
        ends_at_ms=instant_ms(asked.ends_at),
        opens_at_ms=instant_ms(asked.opening_hours.opens_at),
        closes_at_ms=instant_ms(asked.opening_hours.closes_at),
        sale_ends_at_ms=instant_ms(asked.sale_ends_at),
        sales_windows=tuple(
            SalesWindow(channel_of(window.channel), instant_ms(window.opens_at), instant_ms(window.closes_at))
            for window in asked.sales_windows
        ),
    )
