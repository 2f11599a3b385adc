"""Components, tax and discounts: sums are exact to the cent, whichever way they are taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.prices import (
    AmountOff,
    Component,
    ComponentKind,
    Effect,
    FixedPrice,
    PercentOff,
    VatRounding,
    amount_of,
    charged,
    discounted,
    recette,
    vat_contained,
    vat_of,
)

BASE, SURCHARGE = ComponentKind.BASE, ComponentKind.THEATRE_SURCHARGE
SERVICE, WARDROBE = ComponentKind.SERVICE_FEE, ComponentKind.WARDROBE_FEE
UP, EVEN, PER_ORDER = VatRounding.HALF_UP_PER_LINE, VatRounding.HALF_EVEN_PER_LINE, VatRounding.HALF_UP_PER_ORDER

CLASSES = st.sampled_from([("exempt", 0), ("reduced", 700), ("reduced", 900), ("standard", 2_100)])
COMPONENTS = st.lists(
    st.builds(
        lambda kind, amount, vat, avoidable: Component(kind, amount, vat[0], vat[1], avoidable),
        st.sampled_from(ComponentKind),
        st.integers(0, 10**11),
        CLASSES,
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)
EFFECTS = st.one_of(
    st.builds(PercentOff, st.integers(0, 10_000)),
    st.builds(AmountOff, st.integers(0, 10**11)),
    st.builds(FixedPrice, st.integers(0, 10**11)),
)
ROUNDINGS = st.sampled_from(VatRounding)

# R0.13's example.
TICKET = (
    Component(BASE, 2_300, "reduced", 900),
    Component(SURCHARGE, 200, "reduced", 900),
    Component(WARDROBE, 100, "standard", 2_100),
    Component(SERVICE, 150, "standard", 2_100),
)


def test_r0_13_revenue_is_base_and_surcharge_without_fees() -> None:
    assert recette(TICKET) == 2_500
    assert amount_of(charged(TICKET)) == 2_750


def test_r2_9_what_nobody_can_avoid_is_charged_and_the_rest_is_for_those_who_ask() -> None:
    cloak = Component(WARDROBE, 100, "standard", 2_100, avoidable=True)
    components = (*TICKET[:2], cloak, TICKET[3])
    assert amount_of(charged(components)) == 2_650
    assert amount_of(charged(components, {WARDROBE})) == 2_750
    assert amount_of(charged(components, {SERVICE})) == 2_650


@pytest.mark.parametrize(
    ("gross", "rate", "rounding", "vat"),
    [
        (2_500, 700, UP, 164),
        (2_500, 900, UP, 206),
        (121, 2_100, UP, 21),
        (100, 0, UP, 0),
        # 11 * 1000 / 11000 is 1; 5.5 contains half a cent.
        (11, 1_000, UP, 1),
        (3, 10_000, UP, 2),
        (3, 10_000, EVEN, 2),
        (1, 10_000, UP, 1),
        (1, 10_000, EVEN, 0),
        (5, 10_000, EVEN, 2),
    ],
)
def test_the_tax_in_an_amount_is_rounded_by_the_houses_rule(
    gross: int, rate: int, rounding: VatRounding, vat: int
) -> None:
    assert vat_contained(gross, rate, rounding) == vat


def test_tax_rounded_once_for_the_order_is_not_the_sum_of_lines_rounded_alone() -> None:
    lines = [(Component(BASE, 1, "standard", 10_000),)] * 3
    assert vat_of(lines, UP) == ((1,), (1,), (1,))
    assert sum(share for line in vat_of(lines, PER_ORDER) for share in line) == 2


@given(st.lists(COMPONENTS, min_size=1, max_size=8), ROUNDINGS)
def test_net_and_tax_are_the_gross_for_each_component_line_class_and_order(
    lines: list[list[Component]], rounding: VatRounding
) -> None:
    taxes = vat_of(lines, rounding)
    assert [len(line) for line in taxes] == [len(line) for line in lines]
    flat = [
        (one, tax) for line, shares in zip(lines, taxes, strict=True) for one, tax in zip(line, shares, strict=True)
    ]
    assert all(0 <= tax <= one.amount_minor for one, tax in flat)
    by_class: dict[tuple[str, int], int] = {}
    gross_of: dict[tuple[str, int], int] = {}
    for one, tax in flat:
        key = one.vat_class, one.rate_basis_points
        by_class[key] = by_class.get(key, 0) + tax
        gross_of[key] = gross_of.get(key, 0) + one.amount_minor
    assert sum(by_class.values()) == sum(map(sum, taxes))
    if rounding is PER_ORDER:
        assert all(by_class[key] == vat_contained(gross_of[key], key[1], rounding) for key in by_class)


@given(COMPONENTS, ROUNDINGS)
def test_a_line_of_one_class_has_the_tax_that_its_amount_contains(
    components: list[Component], rounding: VatRounding
) -> None:
    alike = [Component(one.kind, one.amount_minor, "reduced", 700) for one in components]
    assert sum(vat_of([alike], rounding)[0]) == vat_contained(amount_of(alike), 700, rounding)


@given(COMPONENTS, EFFECTS, ROUNDINGS)
def test_a_discount_lowers_base_and_surcharge_only_and_never_below_nothing(
    components: list[Component], effect: Effect, rounding: VatRounding
) -> None:
    lower = discounted(components, effect, rounding)
    assert all(one.amount_minor >= 0 for one in lower)
    assert 0 <= recette(lower) <= recette(components)
    assert amount_of(lower) - recette(lower) == amount_of(components) - recette(components)
    match effect:
        case FixedPrice(amount):
            assert recette(lower) == min(amount, recette(components))
        case AmountOff(amount):
            assert recette(lower) == max(0, recette(components) - amount)
        case PercentOff(10_000):
            assert recette(lower) == 0
        case PercentOff():
            pass


def test_a_discount_is_taken_off_the_base_before_the_surcharge() -> None:
    assert [one.amount_minor for one in discounted(TICKET, PercentOff(2_000), UP)] == [1_800, 200, 100, 150]
    assert [one.amount_minor for one in discounted(TICKET, AmountOff(2_400), UP)] == [0, 100, 100, 150]
