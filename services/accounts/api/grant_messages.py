"""Grants between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Mapping

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.domain.grant import Grant, HouseGrants, MakingHouse, Scope
from services.contracts.wire_types import wire_instant

_SCOPES: Mapping[Scope, pb.GrantScope.ValueType] = {
    Scope.HOUSE: pb.GRANT_SCOPE_HOUSE,
    Scope.PRODUCTION: pb.GRANT_SCOPE_PRODUCTION,
    Scope.PERFORMANCE: pb.GRANT_SCOPE_PERFORMANCE,
}


def grant_message(grant: Grant) -> pb.Grant:
    """The grant on the wire."""
    return pb.Grant(
        house_id=grant.house_id,
        grant_id=grant.grant_id,
        email=grant.email.written,
        scope=_SCOPES[grant.thing.scope],
        thing_id=grant.thing.thing_id,
        granted_at=wire_instant(grant.granted_at_ms),
        withdrawn_at=None if grant.withdrawn_at_ms is None else wire_instant(grant.withdrawn_at_ms),
    )


def house_grants_message(granted: HouseGrants) -> pb.HouseGrants:
    """What one house grants, on the wire."""
    return pb.HouseGrants(
        house_id=granted.house_id,
        house_label=granted.label,
        house_name=granted.name,
        whole_house=granted.whole_house,
        production_ids=granted.production_ids,
        performance_ids=granted.performance_ids,
        grant_ids=granted.grant_ids,
    )


def making_house_message(house: MakingHouse) -> pb.MakingHouse:
    """Who made a promoter, on the wire."""
    return pb.MakingHouse(house_id=house.house_id, house_label=house.label, house_name=house.name)
