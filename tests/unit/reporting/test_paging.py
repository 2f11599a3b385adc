"""Page sizes and tokens as strangers send them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.api.paging import MAX_TOKEN_CHARACTERS, page_size_of, performance_after, token_after
from services.runtime.errors import FieldInvalid


@pytest.mark.parametrize(("asked", "used"), [(0, 100), (1, 1), (500, 500)])
def test_a_page_size_within_bounds_is_used(asked: int, used: int) -> None:
    assert page_size_of(asked) == used


def test_a_page_size_above_the_limit_is_refused_with_the_limit() -> None:
    refused = page_size_of(501)
    assert isinstance(refused, FieldInvalid)
    assert refused.message() == "page_size is too large (limit: at most 500)."


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_a_token_leads_back_to_its_place_for_its_house_only(house_id: str, performance_id: str) -> None:
    token = token_after(house_id, performance_id)
    assert len(token) <= MAX_TOKEN_CHARACTERS
    assert performance_after(token, house_id) == performance_id
    assert isinstance(performance_after(token, house_id + "x"), FieldInvalid)


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_a_token_of_a_strangers_making_is_refused_and_breaks_nothing(token: str) -> None:
    assert token == "" or isinstance(performance_after(token, "house_1"), FieldInvalid)


def test_no_token_is_the_first_page() -> None:
    assert performance_after("", "house_1") == ""
