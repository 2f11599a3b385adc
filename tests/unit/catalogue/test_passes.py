"""Passes (R2.12): which numbers are right, and what may be wrong with a kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.domain.pass_kind import (
    CheckDigits,
    PassKind,
    looks_right,
    pass_key,
    plain_number,
    refused_numbers,
    refused_pass_kind,
    refused_wrong_numbers,
)

# Well-known examples: a test card, an IBAN with its first four characters at the end, the EAN of a book.
LUHN, MOD_97, EAN = "4242424242424242", "WEST12345698765432GB82", "9780306406157"


@pytest.mark.parametrize(
    ("rule", "number"), [(CheckDigits.LUHN, LUHN), (CheckDigits.MOD_97, MOD_97), (CheckDigits.EAN_13, EAN)]
)
def test_r2_12_a_digit_that_was_mistyped_is_noticed(rule: CheckDigits, number: str) -> None:
    kind = PassKind("Pass", check_digits=rule)
    assert looks_right(kind, number)
    for place, digit in enumerate(number):
        if digit.isdigit():
            mistyped = f"{number[:place]}{(int(digit) + 1) % 10}{number[place + 1 :]}"
            assert not looks_right(kind, mistyped), mistyped


@pytest.mark.parametrize(
    ("pattern", "number", "is_right"),
    [
        ("", "ANY1", True),
        ("NL####", "NL1234", True),
        ("NL####", "NL12345", False),
        ("NL####", "BE1234", False),
        ("@@##", "AB12", True),
        ("@@##", "A112", False),
        ("**", "A1", True),
        ("", "", False),
        ("", "A!", False),
        ("", "1" * 41, False),
    ],
)
def test_r2_12_a_number_has_the_shape_of_its_kind(pattern: str, number: str, is_right: bool) -> None:
    assert looks_right(PassKind("Pass", pattern), number) == is_right


@given(st.text(max_size=60), st.sampled_from(CheckDigits))
def test_any_text_is_right_or_wrong(text: str, rule: CheckDigits) -> None:
    assert looks_right(PassKind("Pass", "", rule), plain_number(text)) in {True, False}


def test_a_number_has_one_spelling_and_one_key_for_each_house_and_kind() -> None:
    assert plain_number(" nl-12.34/56 ") == "NL123456"
    keys = {pass_key("hse_1", "museum", "1"), pass_key("hse_2", "museum", "1"), pass_key("hse_1", "student", "1")}
    assert len(keys) == 3
    assert pass_key("hse_1", "museum", "1") in keys
    assert all(len(key) == 32 and key != "1" for key in keys)


def test_all_that_is_wrong_with_a_kind_is_told_at_once() -> None:
    refusal = refused_pass_kind("a b", PassKind("", "(a+)+$", None, max_uses_per_performance=101))
    assert refusal is not None
    assert [violation.field for violation in refusal.violations()] == [
        "pass_kind.pass_kind_id",
        "pass_kind.name",
        "pass_kind.pattern",
        "pass_kind.check_digits",
        "pass_kind.max_uses_per_performance",
    ]


def test_wrong_numbers_are_told_by_their_places_and_never_named() -> None:
    refusal = refused_wrong_numbers(PassKind("Pass", "##"), ["12", "secret", "1"])
    assert refusal is not None
    assert [violation.field for violation in refusal.violations()] == ["numbers[1]", "numbers[2]"]
    assert "secret" not in refusal.message()
    assert refused_numbers("museum", []) is not None
    assert refused_numbers("museum", ["1"] * 10_001) is not None
