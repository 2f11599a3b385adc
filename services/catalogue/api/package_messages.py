"""Packages between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Mapping

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.ticket_type_messages import local_names, local_names_of
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.package import Package, PackagePrice, PackageRule
from services.contracts.wire_types import channel_of, instant_ms, wire_channel, wire_instant_or_none, wire_money

_RULES: Mapping[PackageRule | None, pb.PackageRule.ValueType] = {
    PackageRule.PERCENT_OFF: pb.PACKAGE_RULE_PERCENT_OFF,
    PackageRule.FIXED_PRICE: pb.PACKAGE_RULE_FIXED_PRICE,
    PackageRule.EACH_NTH_FREE: pb.PACKAGE_RULE_EACH_NTH_FREE,
    None: pb.PACKAGE_RULE_UNSPECIFIED,
}
_RULES_OF_WIRE: Mapping[int, PackageRule | None] = {wire: rule for rule, wire in _RULES.items()}


def package_message(kept: Kept[Package]) -> pb.Package:
    """The package on the wire."""
    body = kept.body
    return pb.Package(
        package_id=kept.thing_id,
        name=body.name,
        translations=local_names(body.translations),
        performance_ids=body.performance_ids,
        min_performances=body.min_performances,
        max_performances=body.max_performances,
        rule=_RULES[body.rule],
        basis_points=body.basis_points,
        prices=[
            pb.PackagePrice(category=one.category, amount=wire_money(one.amount_minor, one.currency))
            for one in body.prices
        ],
        nth=body.nth,
        same_seats=body.same_seats,
        ticket_types=body.ticket_types,
        categories=body.categories,
        channels=[wire_channel(channel) for channel in body.channels if channel],
        starts_at=wire_instant_or_none(body.starts_at),
        ends_at=wire_instant_or_none(body.ends_at),
        max_uses=body.max_uses,
        max_per_customer=body.max_per_customer,
        etag=kept.etag,
        archived_at=wire_instant_or_none(kept.archived_at_ms),
    )


def package_of(message: pb.Package) -> Package:
    """What a request says of a package."""
    return Package(
        name=message.name,
        performance_ids=tuple(message.performance_ids),
        rule=_RULES_OF_WIRE.get(message.rule),
        translations=local_names_of(message.translations),
        min_performances=message.min_performances,
        max_performances=message.max_performances,
        basis_points=message.basis_points,
        prices=tuple(
            PackagePrice(one.category, one.amount.amount_minor, one.amount.currency) for one in message.prices
        ),
        nth=message.nth,
        same_seats=message.same_seats,
        ticket_types=tuple(message.ticket_types),
        categories=tuple(message.categories),
        channels=tuple(channel_of(channel) for channel in message.channels),
        starts_at=instant_ms(message.starts_at),
        ends_at=instant_ms(message.ends_at),
        max_uses=message.max_uses,
        max_per_customer=message.max_per_customer,
    )
