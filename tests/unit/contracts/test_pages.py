"""Page sizes and tokens as strangers send them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.pages import (
    MAX_TOKEN_CHARS,
    Place,
    fitting,
    page_size_of,
    place_after,
    refused_page_size,
    token_after,
)
from services.runtime.errors import FieldInvalid

KEYS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
TIMES = st.integers(0, 10**15 - 1)


@pytest.mark.parametrize(("asked", "used"), [(0, 100), (1, 1), (500, 500)])
def test_a_page_size_within_bounds_is_used(asked: int, used: int) -> None:
    assert refused_page_size(asked) is None
    assert page_size_of(asked) == used


def test_a_page_size_above_the_limit_is_refused_with_the_limit() -> None:
    refused = refused_page_size(501)
    assert refused is not None
    assert refused.message() == "page_size is 501 (limit: 0 to 500)."


@given(KEYS, KEYS, TIMES)
def test_a_token_leads_back_to_its_place_for_its_house_only(house_id: str, item_id: str, time_ms: int) -> None:
    token = token_after(house_id, item_id, time_ms)
    assert len(token) <= MAX_TOKEN_CHARS
    assert place_after(token, house_id) == Place(time_ms, item_id)
    assert isinstance(place_after(token, house_id + "x"), FieldInvalid)


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_a_token_of_a_strangers_making_is_refused_and_breaks_nothing(token: str) -> None:
    assert token == "" or isinstance(place_after(token, "house_1"), FieldInvalid)


@pytest.mark.parametrize(
    "inside",
    [
        "2:house_1:0:a",
        "1:house_1:0",
        "1:house_1:0:a:b",
        "1:house_1:-1:a",
        "1:house_1::a",
        "1:house_1:0:",
        "1:house_1:x:a",
    ],
)
def test_a_token_that_is_only_nearly_right_is_refused(inside: str) -> None:
    assert isinstance(place_after(base64.urlsafe_b64encode(inside.encode()).decode(), "house_1"), FieldInvalid)


def test_no_token_is_the_first_page() -> None:
    assert place_after("", "house_1") is None


@pytest.mark.parametrize(
    ("parts", "count"),
    [([], 0), ([1, 2, 3], 3), ([400, 400, 400], 2), ([500, 500, 1], 2), ([5_000, 1], 1), ([0] * 500, 500)],
)
def test_a_page_ends_where_its_items_would_not_fit_into_one_answer(parts: list[int], count: int) -> None:
    assert fitting(parts) == count
