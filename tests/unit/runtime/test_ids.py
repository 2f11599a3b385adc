"""Identifiers: shape, order, repeatability, and the bounds of those that come from outside."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.clock import SystemClock
from services.runtime.ids import Ids, RandomIds, SeededIds, refused_key, seeded_random

SHAPE = re.compile(r"ord_[0-9abcdefghjkmnpqrstvwxyz]{26}")


@pytest.mark.parametrize("ids", [RandomIds(), SeededIds(1)], ids=["random", "seeded"])
class TestEveryMint:
    def test_an_id_has_its_prefix_and_26_characters(self, ids: Ids) -> None:
        assert SHAPE.fullmatch(ids.new_id("ord"))

    def test_an_id_passes_as_a_key(self, ids: Ids) -> None:
        assert refused_key("order_id", ids.new_id("ord")) is None
        assert refused_key("secret", ids.new_secret()) is None

    def test_no_id_comes_twice(self, ids: Ids) -> None:
        assert len({ids.new_id("ord") for _ in range(10_000)}) == 10_000

    def test_a_secret_has_32_characters_that_need_no_escaping(self, ids: Ids) -> None:
        assert re.fullmatch(r"[A-Za-z0-9_-]{32}", ids.new_secret())


async def test_ids_sort_by_the_millisecond_they_were_minted_in() -> None:
    ids, clock = RandomIds(), SystemClock()
    minted = []
    for _ in range(5):
        minted.append(ids.new_id("ord"))
        await clock.sleep(0.002)
    assert minted == sorted(minted)


def test_a_seed_repeats_its_ids_and_another_does_not() -> None:
    one, same, other = SeededIds(1), SeededIds(1), SeededIds(2)
    minted = [one.new_id("a"), one.new_secret()]
    assert minted == [same.new_id("a"), same.new_secret()]
    assert minted != [other.new_id("a"), other.new_secret()]
    assert seeded_random(7).random() == seeded_random(7).random()


@pytest.mark.parametrize("key", ["a", "A-Z_09", "x" * 64])
def test_a_key_within_bounds_is_taken(key: str) -> None:
    assert refused_key("idempotency_key", key) is None


@pytest.mark.parametrize("key", ["x" * 65, "a b", "a\n", "\n", "é", "a/b", "a\0", "٣"])
def test_a_key_out_of_bounds_is_refused_with_its_field_and_limit(key: str) -> None:
    refused = refused_key("idempotency_key", key)
    assert refused is not None
    assert refused.message() == "idempotency_key must be letters, digits, '_' or '-' (limit: 1 to 64 characters)."


def test_a_key_that_is_not_set_is_called_so() -> None:
    refused = refused_key("idempotency_key", "")
    assert refused is not None
    assert refused.message() == "idempotency_key must be set (limit: 1 to 64 characters)."


@given(st.text())
def test_what_is_taken_needs_no_escaping_anywhere(key: str) -> None:
    if refused_key("key", key) is None:
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", key, re.ASCII)
