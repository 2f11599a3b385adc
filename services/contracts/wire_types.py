"""The shared types of balcon.types.v1 and what domains have for them. For api and adapters only: it knows protos."""

from __future__ import annotations

from balcon.types.v1.money_pb2 import Money as WireMoney
from balcon.types.v1.principal_pb2 import PrincipalKind as WirePrincipalKind
from balcon.types.v1.principal_pb2 import PrincipalRef as WirePrincipalRef
from balcon.types.v1.seating_pb2 import Channel as WireChannel
from google.protobuf.timestamp_pb2 import Timestamp

from services.contracts.channels import Channel
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key
from services.runtime.principal import PrincipalKind, PrincipalRef

_TO_WIRE = {channel: WireChannel.Value(f"CHANNEL_{channel.value}") for channel in Channel}
_FROM_WIRE = {wire: channel for channel, wire in _TO_WIRE.items()}
_KIND_TO_WIRE = {kind: WirePrincipalKind.Value(f"PRINCIPAL_KIND_{kind.value}") for kind in PrincipalKind}
_KIND_FROM_WIRE = {wire: kind for kind, wire in _KIND_TO_WIRE.items()}


def wire_channel(channel: Channel) -> WireChannel.ValueType:
    """For a message."""
    return _TO_WIRE[channel]


def channel_of(wire: WireChannel.ValueType) -> Channel | None:
    """None for UNSPECIFIED and for a channel of a later version."""
    return _FROM_WIRE.get(wire)


def refused_channel(field: str, wire: WireChannel.ValueType) -> FieldInvalid | None:
    """The refusal for a channel that is none, else None."""
    if wire in _FROM_WIRE:
        return None
    problem = f"{int(wire)} is not a channel" if wire else UNSET
    return FieldInvalid(field, problem, ", ".join(channel.value for channel in Channel))


def wire_money(amount_minor: int, currency: str) -> WireMoney:
    """Minor units and their ISO 4217 code."""
    return WireMoney(amount_minor=amount_minor, currency=currency)


def wire_instant(ms: int) -> Timestamp:
    """Unix milliseconds as protos that outsiders see say them."""
    return Timestamp(seconds=ms // 1000, nanos=ms % 1000 * 1_000_000)


def wire_instant_or_none(ms: int | None) -> Timestamp | None:
    """None, which is no field, for an instant that has not come or is not said: 0 or None."""
    return wire_instant(ms) if ms else None


def instant_ms(wire: Timestamp) -> int:
    """Unix milliseconds, what is finer cut off; 0 where nothing is set."""
    return wire.seconds * 1000 + wire.nanos // 1_000_000


def wire_principal(principal: PrincipalRef) -> WirePrincipalRef:
    """For a message."""
    return WirePrincipalRef(kind=_KIND_TO_WIRE[principal.kind], subject=principal.subject)


def principal_of(wire: WirePrincipalRef) -> PrincipalRef:
    """Of a message that is not refused."""
    return PrincipalRef(_KIND_FROM_WIRE[wire.kind], wire.subject)


def refused_principal(field: str, wire: WirePrincipalRef) -> FieldInvalid | None:
    """The refusal for a kind that is none, or of a later version, and for a subject that is no id, else None."""
    kind = None
    if wire.kind not in _KIND_FROM_WIRE:
        problem = f"{int(wire.kind)} is no kind of principal" if wire.kind else UNSET
        kind = FieldInvalid(f"{field}.kind", problem, ", ".join(kind.value for kind in PrincipalKind))
    return refused_fields((kind, refused_key(f"{field}.subject", wire.subject)))
