"""API keys between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.domain.api_key import (
    DEFAULT_CALLS_PER_MINUTE,
    DEFAULT_SEATS_HELD,
    DEFAULT_SEATS_PER_ORDER,
    ApiKey,
    KeyScope,
)
from services.contracts.wire_types import wire_instant


def scope_of(wire: pb.KeyScope) -> KeyScope:
    """The scope of a request; 0 takes the default."""
    return KeyScope(
        performance_ids=tuple(wire.performance_ids),
        allotment_ids=tuple(wire.allotment_ids),
        calls_per_minute=wire.calls_per_minute or DEFAULT_CALLS_PER_MINUTE,
        seats_held=wire.seats_held or DEFAULT_SEATS_HELD,
        seats_per_order=wire.seats_per_order or DEFAULT_SEATS_PER_ORDER,
    )


def scope_message(scope: KeyScope) -> pb.KeyScope:
    """The scope on the wire, with every limit as it counts."""
    return pb.KeyScope(
        performance_ids=scope.performance_ids,
        allotment_ids=scope.allotment_ids,
        calls_per_minute=scope.calls_per_minute,
        seats_held=scope.seats_held,
        seats_per_order=scope.seats_per_order,
    )


def key_message(key: ApiKey) -> pb.ApiKey:
    """The key on the wire, without its secret."""
    return pb.ApiKey(
        house_id=key.house_id,
        key_id=key.key_id,
        reseller_id=key.reseller_id,
        reseller_name=key.reseller_name,
        starts_with=key.starts_with,
        scope=scope_message(key.scope),
        created_at=wire_instant(key.created_at_ms),
        last_used_at=None if key.last_used_at_ms is None else wire_instant(key.last_used_at_ms),
        withdrawn_at=None if key.withdrawn_at_ms is None else wire_instant(key.withdrawn_at_ms),
    )
