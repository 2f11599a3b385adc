"""How long the codes of a key are good: no door is told of a key too late, nor kept from one that still counts."""

from __future__ import annotations

from services.runtime.signing_keys.rotation import SigningKey
from services.ticketing.domain.signing_key import CheckingKey, checking_keys


def key(name: str, signs_from_ms: int) -> SigningKey:
    return SigningKey(name, name.encode(), b"sealed", created_at_ms=0, signs_from_ms=signs_from_ms)


def test_the_newest_key_is_good_without_end_and_one_that_is_announced_is_told() -> None:
    told = checking_keys([key("next", 900), key("now", 100)], 50, 500)
    assert told == [CheckingKey("now", b"now", 100, 950), CheckingKey("next", b"next", 900, None)]


def test_codes_are_good_for_their_time_after_the_next_key_has_followed_and_no_longer() -> None:
    keys = [key("old", 100), key("new", 200)]
    assert [one.key_id for one in checking_keys(keys, 50, 249)] == ["old", "new"]
    assert [one.key_id for one in checking_keys(keys, 50, 250)] == ["new"]
