"""When keys are told, sign and are forgotten: no token is ever signed with a key that checkers could not know."""

from __future__ import annotations

from services.accounts.domain.signing_key import SLACK_MS, TOKEN_SECONDS, forgotten
from services.runtime.signing_keys.rotation import RotationRule, SigningKey, next_signs_from, signing_now

DAY_MS = 86_400_000
RULE = RotationRule(sign_ms=30 * DAY_MS, announce_ms=DAY_MS)


def key(name: str, signs_from_ms: int) -> SigningKey:
    return SigningKey(name, b"public", b"sealed", created_at_ms=0, signs_from_ms=signs_from_ms)


def test_the_first_key_signs_at_once() -> None:
    assert next_signs_from([], RULE, 5) == 5
    assert signing_now([], 5) is None


def test_the_next_key_is_told_before_it_signs() -> None:
    first = key("first", 0)
    assert next_signs_from([first], RULE, 29 * DAY_MS - 1) is None
    signs_from = next_signs_from([first], RULE, 29 * DAY_MS)
    assert signs_from == 30 * DAY_MS
    both = [first, key("second", signs_from)]
    assert next_signs_from(both, RULE, 29 * DAY_MS) is None
    assert signing_now(both, 30 * DAY_MS - 1) is first
    assert signing_now(both, 30 * DAY_MS) is both[1]


def test_after_a_long_stop_the_next_key_is_announced_all_the_same() -> None:
    assert next_signs_from([key("first", 0)], RULE, 90 * DAY_MS) == 91 * DAY_MS


def test_a_key_is_told_until_its_last_token_is_over() -> None:
    both = [key("first", 0), key("second", 30 * DAY_MS)]
    last = 30 * DAY_MS + TOKEN_SECONDS * 1000 + SLACK_MS
    assert forgotten(both, last - 1) == []
    assert forgotten(both, last) == [both[0]]
    assert forgotten([both[1]], 99 * DAY_MS) == []


def test_keys_over_a_year_always_include_one_that_signs_and_was_told_before() -> None:
    keys: list[SigningKey] = []
    told_at: dict[str, int] = {}
    for hour in range(24 * 365):
        now = hour * 3_600_000
        gone = forgotten(keys, now)
        keys = [one for one in keys if one not in gone]
        if (signs_from := next_signs_from(keys, RULE, now)) is not None:
            keys.append(key(f"key {hour}", signs_from))
            told_at[keys[-1].key_id] = now
        signing = signing_now(keys, now)
        assert signing is not None
        assert hour == 0 or signing.key_id == "key 0" or now - told_at[signing.key_id] >= RULE.announce_ms
        assert len(keys) <= 3
    assert len(told_at) > 10
