"""A text in its box: smaller, then on more lines, cut at the very last, and never over the edge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.paper.fitting import ELLIPSIS, block_height, fitted
from services.paper.typeface import printable, text_width


def test_what_fits_is_as_large_as_it_may_be() -> None:
    assert fitted("Hamlet", 200, 30, 16, 4, bold=True).size == 16
    assert fitted("Hamlet", 200, 30, 16, 4, bold=True).lines == ("Hamlet",)


def test_what_is_too_wide_wraps_between_words_before_words_are_broken() -> None:
    found = fitted("The importance of being earnest", 60, 60, 12, 4, bold=False)
    assert found.is_whole
    assert " ".join(found.lines) == "The importance of being earnest"
    assert len(found.lines) > 1


def test_a_word_wider_than_the_box_is_broken_and_nothing_is_lost() -> None:
    word = "Donaudampfschifffahrtsgesellschaftskapitän" * 2
    found = fitted(word, 50, 100, 12, 8, bold=False)
    assert found.is_whole
    assert "".join(found.lines) == word


def test_lines_of_an_address_stay_lines() -> None:
    assert fitted("Plein 1\nRotterdam", 200, 40, 8, 4, bold=False).lines == ("Plein 1", "Rotterdam")


def test_what_fits_in_no_size_ends_with_an_ellipsis() -> None:
    found = fitted("word " * 400, 80, 20, 12, 6, bold=False)
    assert not found.is_whole
    assert found.lines[-1].endswith(ELLIPSIS)


@pytest.mark.parametrize("bold", [False, True])
@given(
    text=st.text(max_size=120),
    width=st.floats(12, 300),
    height=st.floats(8, 100),
    size=st.sampled_from([4.0, 7.5, 12.0, 26.0]),
)
def test_no_text_leaves_its_box(text: str, width: float, height: float, size: float, *, bold: bool) -> None:
    found = fitted(text, width, height, size, 4.0, bold=bold)
    assert 4.0 <= found.size <= size
    assert block_height(len(found.lines), found.size) <= height
    assert all(text_width(line, found.size, bold=bold) <= width + 1e-6 for line in found.lines)
    if found.is_whole:
        assert "".join("".join(found.lines).split()) == "".join(printable(text.replace("\n", " ")).split())
