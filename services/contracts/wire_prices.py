"""Prices' parts and their tax on the wire. For api and adapters only: it knows protos."""

from __future__ import annotations

from collections.abc import Sequence

from balcon.catalogue.v1.prices_pb2 import PriceComponentKind as WireKind
from balcon.orders.v1.orders_service_pb2 import LineComponent, LineDiscount, Vat

from services.contracts.prices import ComponentKind
from services.contracts.wire_types import wire_money
from services.runtime.errors import FieldInvalid

_TO_WIRE = {kind: WireKind.Value(f"PRICE_COMPONENT_KIND_{kind.name}") for kind in ComponentKind}
_FROM_WIRE = {wire: kind for kind, wire in _TO_WIRE.items()}


def wire_component_kind(kind: ComponentKind) -> WireKind.ValueType:
    """For a message."""
    return _TO_WIRE[kind]


def component_kind_of(wire: WireKind.ValueType) -> ComponentKind | None:
    """None for UNSPECIFIED and for a kind of a later version."""
    return _FROM_WIRE.get(wire)


def component_kinds_of(wires: Sequence[WireKind.ValueType]) -> frozenset[ComponentKind]:
    """Those that are known; refused_component_kinds refuses others."""
    return frozenset(kind for wire in wires if (kind := component_kind_of(wire)) is not None)


def refused_component_kinds(field: str, wires: Sequence[WireKind.ValueType]) -> FieldInvalid | None:
    """The refusal for kinds that nobody knows, or too many, else None."""
    if len(wires) > len(ComponentKind):
        return FieldInvalid(field, f"has {len(wires):,}", "each kind once")
    unknown = [str(int(wire)) for wire in wires if component_kind_of(wire) is None]
    return FieldInvalid(field, f"has {', '.join(unknown)}", "PriceComponentKind") if unknown else None


def wire_vat(vat_class: str, rate_basis_points: int, amount_minor: int, currency: str) -> Vat | None:
    """The tax in an amount; none where nobody has named a class."""
    if not vat_class:
        return None
    amount = wire_money(amount_minor, currency)
    return Vat(vat_class=vat_class, rate_basis_points=rate_basis_points, amount=amount)


def wire_line_component(kind: ComponentKind, amount_minor: int, currency: str, vat: Vat | None) -> LineComponent:
    """A part of an order line's price."""
    return LineComponent(kind=_TO_WIRE[kind], amount=wire_money(amount_minor, currency), vat=vat)


def wire_line_discount(discount_id: str, amount_minor: int, currency: str, office_id: str) -> LineDiscount:
    """What was taken off an order line's price."""
    return LineDiscount(discount_id=discount_id, amount=wire_money(amount_minor, currency), office_id=office_id)
