"""Axes that do not flatter: from zero, round marks, everything inside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.paper.charts import scale_of

VALUES = st.lists(st.integers(-(10**12), 10**12), max_size=40)


@given(VALUES, st.sampled_from([1, 100]))
def test_a_scale_has_zero_and_every_value_on_it_and_few_round_marks(values: list[int], unit: int) -> None:
    scale = scale_of(values, unit)
    assert scale.low <= min([0, *values])
    assert scale.high >= max([0, *values])
    assert 0 in scale.marks
    assert 2 <= len(scale.marks) <= 7
    assert scale.low in scale.marks
    assert scale.high in scale.marks
    first = str(scale.step).rstrip("0")
    assert first in {"1", "2", "5"}


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ((), [0, 1]),
        ((0, 0), [0, 1]),
        ((98, 100), [0, 20, 40, 60, 80, 100]),
        ((-30, 383), [-100, 0, 100, 200, 300, 400]),
        ((-5,), [-5, -4, -3, -2, -1, 0]),
    ],
)
def test_marks_are_what_people_would_choose(values: tuple[int, ...], marks: list[int]) -> None:
    """98 and 100 are nearly the same, and look it."""
    assert list(scale_of(values).marks) == marks


def test_marks_of_money_are_whole_units_of_the_currency_where_the_money_is() -> None:
    assert all(mark % 100 == 0 for mark in scale_of((1_234,), 100).marks)
