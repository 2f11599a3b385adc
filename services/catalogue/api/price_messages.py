"""Prices and what they are made of, between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.price import Price, PriceComponent, TicketKind
from services.contracts.prices import Component, VatRounding
from services.contracts.wire_prices import component_kind_of, wire_component_kind
from services.contracts.wire_types import wire_money

TICKET_KINDS: Mapping[TicketKind | None, pb.TicketKind.ValueType] = {
    TicketKind.NORMAL: pb.TICKET_KIND_NORMAL,
    TicketKind.DISCOUNT: pb.TICKET_KIND_DISCOUNT,
    TicketKind.FREE: pb.TICKET_KIND_FREE,
    TicketKind.OTHER: pb.TICKET_KIND_OTHER,
    None: pb.TICKET_KIND_UNSPECIFIED,
}
KINDS_OF_WIRE: Mapping[int, TicketKind | None] = {wire: kind for kind, wire in TICKET_KINDS.items()}
VAT_ROUNDINGS: Mapping[VatRounding | None, pb.VatRounding.ValueType] = {
    VatRounding.HALF_UP_PER_LINE: pb.VAT_ROUNDING_HALF_UP_PER_LINE,
    VatRounding.HALF_EVEN_PER_LINE: pb.VAT_ROUNDING_HALF_EVEN_PER_LINE,
    VatRounding.HALF_UP_PER_ORDER: pb.VAT_ROUNDING_HALF_UP_PER_ORDER,
    None: pb.VAT_ROUNDING_UNSPECIFIED,
}
ROUNDINGS_OF_WIRE: Mapping[int, VatRounding | None] = {wire: rounding for rounding, wire in VAT_ROUNDINGS.items()}


def price_message(price: Price, components: Sequence[Component]) -> pb.Price:
    """The price on the wire, with its components as they are told."""
    return pb.Price(
        category=price.category,
        ticket_type=price.ticket_type,
        kind=TICKET_KINDS[price.kind],
        amount=wire_money(price.amount_minor, price.currency),
        components=[
            pb.PriceComponent(
                kind=wire_component_kind(one.kind),
                amount=wire_money(one.amount_minor, price.currency),
                vat_class=one.vat_class,
                avoidable=one.avoidable,
                vat_rate_basis_points=one.rate_basis_points,
            )
            for one in components
        ],
    )


def plain_price_message(price: Price) -> pb.Price:
    """The price on the wire, as the house gave it."""
    return price_message(price, [one.as_component() for one in price.components])


def prices_of(prices: Iterable[pb.Price]) -> tuple[Price, ...]:
    """What a request asks for. A kind that this version does not know counts as none."""
    return tuple(
        Price(
            price.category,
            price.ticket_type,
            KINDS_OF_WIRE.get(price.kind),
            price.amount.amount_minor,
            price.amount.currency,
            tuple(_component(one) for one in price.components),
        )
        for price in prices
    )


def _component(component: pb.PriceComponent) -> PriceComponent:
    return PriceComponent(
        component_kind_of(component.kind),
        component.amount.amount_minor,
        component.amount.currency,
        component.vat_class,
        component.avoidable,
    )
