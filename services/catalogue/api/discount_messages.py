"""Discounts and promotion codes between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Mapping

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.discount import Discount, DiscountEffect, EffectKind, PromotionCode
from services.catalogue.domain.kept import Kept
from services.contracts.wire_types import channel_of, instant_ms, wire_channel, wire_instant_or_none, wire_money

_KINDS: Mapping[EffectKind | None, pb.DiscountEffectKind.ValueType] = {
    EffectKind.PERCENT_OFF: pb.DISCOUNT_EFFECT_KIND_PERCENT_OFF,
    EffectKind.AMOUNT_OFF: pb.DISCOUNT_EFFECT_KIND_AMOUNT_OFF,
    EffectKind.FIXED_PRICE: pb.DISCOUNT_EFFECT_KIND_FIXED_PRICE,
    None: pb.DISCOUNT_EFFECT_KIND_UNSPECIFIED,
}
_KINDS_OF_WIRE: Mapping[int, EffectKind | None] = {wire: kind for kind, wire in _KINDS.items()}


def discount_message(kept: Kept[Discount]) -> pb.Discount:
    """The discount on the wire."""
    body = kept.body
    return pb.Discount(
        discount_id=kept.thing_id,
        name=body.name,
        effect=_effect_message(body.effect),
        ticket_types=body.ticket_types,
        categories=body.categories,
        performance_ids=body.performance_ids,
        channels=[wire_channel(channel) for channel in body.channels if channel],
        starts_at=wire_instant_or_none(body.starts_at),
        ends_at=wire_instant_or_none(body.ends_at),
        max_uses=body.max_uses,
        max_uses_per_order=body.max_uses_per_order,
        needs_code=body.needs_code,
        office_id=body.office_id,
        etag=kept.etag,
        archived_at=wire_instant_or_none(kept.archived_at_ms),
    )


def _effect_message(effect: DiscountEffect) -> pb.DiscountEffect:
    amount = wire_money(effect.amount_minor, effect.currency) if effect.currency else None
    return pb.DiscountEffect(kind=_KINDS[effect.kind], basis_points=effect.basis_points, amount=amount)


def discount_of(message: pb.Discount) -> Discount:
    """What a request says of a discount."""
    effect = message.effect
    return Discount(
        name=message.name,
        effect=DiscountEffect(
            _KINDS_OF_WIRE.get(effect.kind),
            effect.basis_points,
            effect.amount.amount_minor,
            effect.amount.currency,
        ),
        ticket_types=tuple(message.ticket_types),
        categories=tuple(message.categories),
        performance_ids=tuple(message.performance_ids),
        channels=tuple(channel_of(channel) for channel in message.channels),
        starts_at=instant_ms(message.starts_at),
        ends_at=instant_ms(message.ends_at),
        max_uses=message.max_uses,
        max_uses_per_order=message.max_uses_per_order,
        needs_code=message.needs_code,
        office_id=message.office_id,
    )


def promotion_code_message(kept: Kept[PromotionCode]) -> pb.PromotionCode:
    """The code on the wire."""
    return pb.PromotionCode(
        promotion_code_id=kept.thing_id,
        discount_id=kept.body.discount_id,
        max_uses=kept.body.max_uses,
        etag=kept.etag,
        archived_at=wire_instant_or_none(kept.archived_at_ms),
    )


def promotion_code_of(message: pb.PromotionCode) -> PromotionCode:
    """What a request says of a code."""
    return PromotionCode(message.discount_id, message.max_uses)
