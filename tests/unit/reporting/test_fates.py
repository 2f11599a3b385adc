"""What became of customers that are no more (R3.16): told to the end, in whatever order it came."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

from services.reporting.domain.fates import NOBODY, CustomerGone, with_fate


def gone(customer_id: str, became: str = NOBODY) -> CustomerGone:
    return CustomerGone("house_1", customer_id, became)


def folded(*facts: CustomerGone) -> Mapping[str, str]:
    fates: Mapping[str, str] = {}
    for fact in facts:
        fates = with_fate(fates, fact)
    return fates


def test_a_customer_who_was_merged_is_told_of_the_one_that_stays_to_the_end() -> None:
    for order in permutations([gone("a", "b"), gone("b", "c"), gone("c", "d")]):
        assert folded(*order) == {"a": "d", "b": "d", "c": "d"}


def test_whoever_became_an_erased_customer_is_nobody() -> None:
    for order in permutations([gone("a", "b"), gone("b")]):
        assert folded(*order) == {"a": NOBODY, "b": NOBODY}


def test_nobody_comes_back_from_being_erased() -> None:
    assert folded(gone("a"), gone("a", "b")) == {"a": NOBODY}


def test_told_twice_it_is_the_same() -> None:
    assert folded(gone("a", "b"), gone("a", "b")) == {"a": "b"}


def test_a_circle_ends() -> None:
    assert folded(gone("a", "b"), gone("b", "a")) == {"a": "b"}
