"""Packages of the catalogue's messages as orders read them."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.contracts.prices import PercentOff
from services.contracts.wire_types import channel_of, instant_ms
from services.orders.domain.packages import EachNthFree, FixedPrices, Package, PackageRule


def package_of(package: pb.Package) -> Package | None:
    """The package; None where it is archived, or does what this version does not know."""
    rule = _rule(package)
    if rule is None or package.HasField("archived_at"):
        return None
    channels = [channel_of(channel) for channel in package.channels]
    least = package.min_performances or len(package.performance_ids)
    return Package(
        package_id=package.package_id,
        rule=rule,
        performance_ids=tuple(package.performance_ids),
        least=least,
        most=package.max_performances or least,
        same_seats=package.same_seats,
        ticket_types=frozenset(package.ticket_types),
        categories=frozenset(package.categories),
        channels=frozenset(channel for channel in channels if channel is not None),
        starts_at_ms=instant_ms(package.starts_at),
        ends_at_ms=instant_ms(package.ends_at),
        max_uses=package.max_uses,
        max_per_customer=package.max_per_customer,
    )


def _rule(package: pb.Package) -> PackageRule | None:
    match package.rule:
        case pb.PACKAGE_RULE_PERCENT_OFF:
            return PercentOff(package.basis_points)
        case pb.PACKAGE_RULE_FIXED_PRICE:
            return FixedPrices({one.category: one.amount.amount_minor for one in package.prices})
        case pb.PACKAGE_RULE_EACH_NTH_FREE:
            return EachNthFree(package.nth)
        case _:
            return None
