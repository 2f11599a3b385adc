"""Discounts of a house, and the promotion codes that give them: what they take off, of what, and how often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from services.catalogue.domain.house import House
from services.catalogue.domain.price_book import PriceBook
from services.catalogue.domain.ticket_type import refused_channels
from services.contracts.bounds import (
    MAX_CATEGORY_CHARS,
    MAX_NAME_CHARS,
    MAX_PRICE_MINOR,
    MAX_SEATS_PER_HOLD,
    MAX_TICKET_TYPE_CHARS,
)
from services.contracts.channels import Channel
from services.contracts.instants import refused_instant
from services.contracts.prices import WHOLE_BASIS_POINTS
from services.contracts.promotions import refused_code
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key

MAX_NAMED = 100
MAX_USES = 1_000_000
MAX_CODES = 1_000
MAX_PREFIX_CHARS = 20


class EffectKind(Enum):
    """What a discount does. Values are what the store keeps."""

    PERCENT_OFF = "percent_off"
    AMOUNT_OFF = "amount_off"
    FIXED_PRICE = "fixed_price"


@dataclass(frozen=True, slots=True)
class DiscountEffect:
    """`basis_points` with a percentage, amount and currency with the others. `kind` is None where none was named."""

    kind: EffectKind | None
    basis_points: int = 0
    amount_minor: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Discount:
    """Empty lists are all; 0 is no bound. A contingent discount has an office (R1.10).

    Fields are named as in the message; instants are unix milliseconds.
    """

    name: str
    effect: DiscountEffect
    ticket_types: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    performance_ids: tuple[str, ...] = ()
    channels: tuple[Channel | None, ...] = ()
    starts_at: int = 0
    ends_at: int = 0
    max_uses: int = 0
    max_uses_per_order: int = 0
    needs_code: bool = False
    office_id: str = ""


@dataclass(frozen=True, slots=True)
class PromotionCode:
    """What a code gives, and how often; 0 is no bound of its own."""

    discount_id: str
    max_uses: int = 0


def refused_discount(discount_id: str, discount: Discount) -> FieldInvalid | None:
    """All that is wrong with a discount by itself, None if nothing is."""
    return refused_fields(_faults(discount_id, discount))


def _faults(discount_id: str, discount: Discount) -> Iterator[FieldInvalid | None]:
    yield refused_key("discount.discount_id", discount_id)
    yield refused_text("discount.name", discount.name, at_most=MAX_NAME_CHARS)
    yield from _faults_of_effect(discount.effect)
    for name, values, most in (
        ("ticket_types", discount.ticket_types, MAX_TICKET_TYPE_CHARS),
        ("categories", discount.categories, MAX_CATEGORY_CHARS),
        ("performance_ids", discount.performance_ids, MAX_NAME_CHARS),
    ):
        yield from faults_of_named(f"discount.{name}", values, most)
    yield refused_channels("discount.channels", discount.channels)
    yield refused_instant("discount.starts_at", discount.starts_at, may_be_unset=True)
    yield refused_instant("discount.ends_at", discount.ends_at, may_be_unset=True)
    if discount.ends_at and discount.starts_at >= discount.ends_at:
        yield FieldInvalid("discount.ends_at", "is not after its start", "after starts_at")
    yield _refused_uses("discount.max_uses", discount.max_uses, MAX_USES)
    yield _refused_uses("discount.max_uses_per_order", discount.max_uses_per_order, MAX_SEATS_PER_HOLD)
    if discount.office_id:
        yield refused_key("discount.office_id", discount.office_id)


def _faults_of_effect(effect: DiscountEffect) -> Iterator[FieldInvalid]:
    field = "discount.effect"
    if effect.kind is None:
        yield FieldInvalid(f"{field}.kind", UNSET, ", ".join(kind.value for kind in EffectKind))
    if effect.kind is EffectKind.PERCENT_OFF and not 1 <= effect.basis_points <= WHOLE_BASIS_POINTS:
        limit = f"1 to {WHOLE_BASIS_POINTS:,}, which is 100 %"
        yield FieldInvalid(
            f"{field}.basis_points", f"is {effect.basis_points:,}" if effect.basis_points else UNSET, limit
        )
    if effect.kind in {EffectKind.AMOUNT_OFF, EffectKind.FIXED_PRICE}:
        least = 1 if effect.kind is EffectKind.AMOUNT_OFF else 0
        if not least <= effect.amount_minor <= MAX_PRICE_MINOR:
            limit = f"{least} to {MAX_PRICE_MINOR:,} minor units"
            yield FieldInvalid(f"{field}.amount.amount_minor", f"is {effect.amount_minor}", limit)
    if not effect.currency and (effect.amount_minor or effect.kind not in {None, EffectKind.PERCENT_OFF}):
        yield FieldInvalid(f"{field}.amount.currency", UNSET, "the house's")


def faults_of_named(field: str, values: Sequence[str], most: int) -> Iterator[FieldInvalid | None]:
    """All that is wrong with what is named in a list, each of `most` characters."""
    if len(values) > MAX_NAMED:
        yield FieldInvalid(field, f"has {len(values):,}", f"at most {MAX_NAMED}")
        return
    for place, value in enumerate(values):
        yield refused_text(f"{field}[{place}]", value, at_most=most)


def _refused_uses(field: str, value: int, most: int) -> FieldInvalid | None:
    return None if 0 <= value <= most else FieldInvalid(field, f"is {value:,}", f"0 to {most:,}; 0 is no bound")


def beside_house(discount: Discount, house: House, _: PriceBook) -> FieldInvalid | None:
    """Money off is of the house's currency."""
    effect = discount.effect
    if effect.kind in {None, EffectKind.PERCENT_OFF} or effect.currency == house.currency:
        return None
    return FieldInvalid("discount.effect.amount.currency", "is not the house's", house.currency)


def refused_promotion_code(code: str, promotion_code: PromotionCode) -> FieldInvalid | None:
    """All that is wrong with a code by itself, None if nothing is."""
    field = "promotion_code"
    return refused_fields(
        (
            refused_code(f"{field}.promotion_code_id", code),
            refused_key(f"{field}.discount_id", promotion_code.discount_id),
            _refused_uses(f"{field}.max_uses", promotion_code.max_uses, MAX_USES),
        )
    )


def refused_generation(discount_id: str, count: int, prefix: str, max_uses: int) -> FieldInvalid | None:
    """All that is wrong with a wish for codes, None if nothing is."""
    wrong_prefix = refused_code("prefix", prefix, at_most=MAX_PREFIX_CHARS) if prefix else None
    problem = f"is {count:,}" if count else UNSET
    return refused_fields(
        (
            refused_key("discount_id", discount_id),
            None if 1 <= count <= MAX_CODES else FieldInvalid("count", problem, f"1 to {MAX_CODES:,}"),
            wrong_prefix,
            _refused_uses("max_uses", max_uses, MAX_USES),
        )
    )
