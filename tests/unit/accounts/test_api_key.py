"""The form of a reseller's key, what proves it, and what it may be good for."""

from __future__ import annotations

import pytest

from services.accounts.domain.api_key import ApiKey, KeyScope, key_parts, refused_scope, refused_whole_key
from services.accounts.domain.session import hash_of
from services.runtime.ids import RandomIds

IDS = RandomIds()


def a_key(secret: str) -> ApiKey:
    return ApiKey("hse_1", IDS.new_id("key"), "rsl_1", "A shop", hash_of(secret), KeyScope(), 1)


def test_a_whole_key_tells_its_id_and_its_secret_whatever_letters_that_has() -> None:
    # Secrets are of 64 letters, '_' and '-' among them.
    for _ in range(200):
        secret = IDS.new_secret()
        key = a_key(secret)
        written = key.written(secret)
        assert written.startswith("bk_")
        assert key_parts(written) == (key.key_id, secret)
        assert refused_whole_key(written) is None


def test_only_its_own_secret_proves_a_key() -> None:
    key = a_key("a" * 32)
    assert key.proves("a" * 32)
    assert not key.proves("a" * 31 + "b")
    assert not key.proves("")


@pytest.mark.parametrize(
    "written",
    ["", "bk_", "bk__", "bk_short_secret", "sk_" + "a" * 26 + "_" + "b" * 32, "bk_" + "A" * 26 + "_" + "b" * 32, "é"],
)
def test_what_has_not_the_form_of_a_key_is_refused_and_never_told(written: str) -> None:
    refusal = refused_whole_key(written)
    assert refusal is not None
    assert refusal.field == "api_key"
    assert not written or written not in f"{refusal.problem}{refusal.limit}".replace("bk_<prefix>_<secret>", "")


def test_a_scope_out_of_bounds_names_all_that_is_wrong() -> None:
    assert refused_scope(KeyScope()) is None
    wrong = KeyScope(("?",), ("a b",), calls_per_minute=100_001, seats_held=10_001, seats_per_order=101)
    refusal = refused_scope(wrong)
    assert refusal is not None
    assert [violation.field for violation in refusal.violations()] == [
        "scope.performance_ids[0]",
        "scope.allotment_ids[0]",
        "scope.calls_per_minute",
        "scope.seats_held",
        "scope.seats_per_order",
    ]
    many = refused_scope(KeyScope(tuple(f"prf_{number}" for number in range(501))))
    assert many is not None
    assert many.field == "scope.performance_ids"
