"""The catalogue's discounts as orders know them."""

from __future__ import annotations

from collections.abc import Iterable

from balcon.catalogue.v1.catalogue_service_pb2 import (
    DISCOUNT_EFFECT_KIND_AMOUNT_OFF,
    DISCOUNT_EFFECT_KIND_FIXED_PRICE,
    DISCOUNT_EFFECT_KIND_PERCENT_OFF,
    DiscountEffect,
    FindPromotionResponse,
)
from balcon.types.v1.seating_pb2 import Channel as WireChannel

from services.contracts.channels import Channel
from services.contracts.prices import AmountOff, Effect, FixedPrice, PercentOff
from services.contracts.wire_types import channel_of, instant_ms
from services.orders.domain.promotions import Promotion


def promotion_of(found: FindPromotionResponse) -> Promotion | None:
    """None where its effect is one of a later version: nothing is charged that nobody can compute."""
    discount, code = found.discount, found.promotion_code
    effect = _effect(discount.effect)
    if effect is None:
        return None
    return Promotion(
        discount_id=discount.discount_id,
        effect=effect,
        code=code.promotion_code_id,
        ticket_types=frozenset(discount.ticket_types),
        categories=frozenset(discount.categories),
        performance_ids=frozenset(discount.performance_ids),
        channels=_channels(discount.channels),
        starts_at_ms=instant_ms(discount.starts_at),
        ends_at_ms=instant_ms(discount.ends_at),
        max_uses=discount.max_uses,
        max_uses_per_order=discount.max_uses_per_order,
        max_uses_of_code=code.max_uses,
        office_id=discount.office_id,
    )


def _effect(effect: DiscountEffect) -> Effect | None:
    match effect.kind:
        case kind if kind == DISCOUNT_EFFECT_KIND_PERCENT_OFF:
            return PercentOff(effect.basis_points)
        case kind if kind == DISCOUNT_EFFECT_KIND_AMOUNT_OFF:
            return AmountOff(effect.amount.amount_minor)
        case kind if kind == DISCOUNT_EFFECT_KIND_FIXED_PRICE:
            return FixedPrice(effect.amount.amount_minor)
        case _:
            return None


def _channels(channels: Iterable[WireChannel.ValueType]) -> frozenset[Channel]:
    known = [channel_of(channel) for channel in channels]
    return frozenset(channel for channel in known if channel is not None)
