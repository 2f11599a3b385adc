"""Discounts and promotion codes of a house: what may be wrong with them, all at once."""

from __future__ import annotations

import dataclasses

from services.catalogue.domain.discount import (
    Discount,
    DiscountEffect,
    EffectKind,
    PromotionCode,
    beside_house,
    refused_discount,
    refused_generation,
    refused_promotion_code,
)
from services.catalogue.domain.price_book import NO_BOOK
from services.contracts.channels import Channel
from services.contracts.promotions import code_of
from services.runtime.errors import FieldInvalid
from tests.unit.catalogue.test_performance import HOUSE

SPRING = Discount("Spring", DiscountEffect(EffectKind.PERCENT_OFF, 2_000), channels=(Channel.ONLINE,))


def fields(refusal: FieldInvalid | None) -> list[str]:
    return [violation.field for violation in refusal.violations()] if refusal else []


def test_all_that_is_wrong_with_a_discount_is_told_at_once() -> None:
    wrong = Discount(
        name="",
        effect=DiscountEffect(EffectKind.PERCENT_OFF, 10_001),
        ticket_types=("",),
        categories=("x" * 101,),
        channels=(None,),
        starts_at=1_900_000_000_000,
        ends_at=1_900_000_000_000,
        max_uses=1_000_001,
        max_uses_per_order=101,
        office_id="\n",
    )
    assert fields(refused_discount("a b", wrong)) == [
        "discount.discount_id",
        "discount.name",
        "discount.effect.basis_points",
        "discount.ticket_types[0]",
        "discount.categories[0]",
        "discount.channels",
        "discount.ends_at",
        "discount.max_uses",
        "discount.max_uses_per_order",
        "discount.office_id",
    ]
    assert refused_discount("spring", SPRING) is None


def test_a_discount_says_what_it_does_and_how_much() -> None:
    def told(*effect: object) -> list[str]:
        return fields(refused_discount("d", dataclasses.replace(SPRING, effect=DiscountEffect(*effect))))  # type: ignore[arg-type]

    assert told(None) == ["discount.effect.kind"]
    assert told(EffectKind.PERCENT_OFF) == ["discount.effect.basis_points"]
    assert told(EffectKind.AMOUNT_OFF, 0, 0, "EUR") == ["discount.effect.amount.amount_minor"]
    assert told(EffectKind.AMOUNT_OFF, 0, 100) == ["discount.effect.amount.currency"]
    assert told(EffectKind.FIXED_PRICE, 0, -1, "EUR") == ["discount.effect.amount.amount_minor"]
    assert told(EffectKind.FIXED_PRICE, 0, 0, "EUR") == []


def test_money_off_is_of_the_houses_currency() -> None:
    kroner = dataclasses.replace(SPRING, effect=DiscountEffect(EffectKind.AMOUNT_OFF, 0, 100, "NOK"))
    assert fields(beside_house(kroner, HOUSE, NO_BOOK)) == ["discount.effect.amount.currency"]
    assert beside_house(SPRING, HOUSE, NO_BOOK) is None


def test_a_code_has_one_spelling_however_it_is_typed() -> None:
    assert code_of(" spring-27 ") == "SPRING-27"
    assert refused_promotion_code("SPRING-27", PromotionCode("spring")) is None
    for code in ("", "SPRING!", "-A", "A-", "x", "A" * 41):
        assert fields(refused_promotion_code(code, PromotionCode("spring"))) == ["promotion_code.promotion_code_id"]


def test_codes_are_generated_within_bounds() -> None:
    assert refused_generation("spring", 1_000, "SPRING", 1) is None
    assert fields(refused_generation("a b", 1_001, "!", -1)) == ["discount_id", "count", "prefix", "max_uses"]
