"""VAT classes and price rules between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Mapping

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.price_messages import ROUNDINGS_OF_WIRE, VAT_ROUNDINGS
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.vat import PriceRules, VatClass, VatKind, VatRate
from services.contracts.wire_types import wire_instant

_KINDS: Mapping[VatKind | None, pb.VatKind.ValueType] = {
    VatKind.EXEMPT: pb.VAT_KIND_EXEMPT,
    VatKind.REDUCED: pb.VAT_KIND_REDUCED,
    VatKind.STANDARD: pb.VAT_KIND_STANDARD,
    None: pb.VAT_KIND_UNSPECIFIED,
}
_KINDS_OF_WIRE: Mapping[int, VatKind | None] = {wire: kind for kind, wire in _KINDS.items()}


def vat_class_message(kept: Kept[VatClass]) -> pb.VatClass:
    """The class on the wire."""
    return pb.VatClass(
        vat_class_id=kept.thing_id,
        name=kept.body.name,
        kind=_KINDS[kept.body.kind],
        rates=[pb.VatRate(from_date=rate.from_date, basis_points=rate.basis_points) for rate in kept.body.rates],
        etag=kept.etag,
        archived_at=wire_instant(kept.archived_at_ms) if kept.archived_at_ms else None,
    )


def vat_class_of(message: pb.VatClass) -> VatClass:
    """What a request says of a class."""
    rates = tuple(VatRate(rate.from_date, rate.basis_points) for rate in message.rates)
    return VatClass(message.name, _KINDS_OF_WIRE.get(message.kind), rates)


def rules_message(kept: Kept[PriceRules]) -> pb.PriceRules:
    """The rules on the wire."""
    return pb.PriceRules(
        vat_rounding=VAT_ROUNDINGS[kept.body.vat_rounding],
        ticket_vat_class_id=kept.body.ticket_vat_class_id,
        seats_per_customer=kept.body.seats_per_customer,
        seats_per_instrument=kept.body.seats_per_instrument,
        etag=kept.etag,
    )


def rules_of(message: pb.PriceRules) -> PriceRules:
    """What a request says of the rules."""
    rounding = ROUNDINGS_OF_WIRE.get(message.vat_rounding)
    return PriceRules(rounding, message.ticket_vat_class_id, message.seats_per_customer, message.seats_per_instrument)
