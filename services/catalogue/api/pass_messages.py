"""Kinds of passes between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Mapping

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.kept import Kept
from services.catalogue.domain.pass_kind import CheckDigits, PassKind
from services.contracts.wire_types import wire_instant

_RULES: Mapping[CheckDigits | None, pb.CheckDigits.ValueType] = {
    CheckDigits.NONE: pb.CHECK_DIGITS_NONE,
    CheckDigits.LUHN: pb.CHECK_DIGITS_LUHN,
    CheckDigits.MOD_97: pb.CHECK_DIGITS_MOD_97,
    CheckDigits.EAN_13: pb.CHECK_DIGITS_EAN_13,
    None: pb.CHECK_DIGITS_UNSPECIFIED,
}
_RULES_OF_WIRE: Mapping[int, CheckDigits | None] = {wire: rule for rule, wire in _RULES.items()}


def pass_kind_message(kept: Kept[PassKind]) -> pb.PassKind:
    """The kind on the wire."""
    body = kept.body
    return pb.PassKind(
        pass_kind_id=kept.thing_id,
        name=body.name,
        pattern=body.pattern,
        check_digits=_RULES[body.check_digits],
        listed=body.listed,
        max_uses_per_performance=body.max_uses_per_performance,
        etag=kept.etag,
        archived_at=wire_instant(kept.archived_at_ms) if kept.archived_at_ms else None,
    )


def pass_kind_of(message: pb.PassKind) -> PassKind:
    """What a request says of a kind."""
    return PassKind(
        name=message.name,
        pattern=message.pattern,
        check_digits=_RULES_OF_WIRE.get(message.check_digits),
        listed=message.listed,
        max_uses_per_performance=message.max_uses_per_performance,
    )
