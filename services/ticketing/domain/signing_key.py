"""How long the codes that a key has signed are good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.runtime.signing_keys.rotation import SigningKey, age


@dataclass(frozen=True, slots=True)
class CheckingKey:
    """A public key and how long its codes are good; `checks_until_ms` None: nothing has followed it."""

    key_id: str
    public_key: bytes
    signs_from_ms: int
    checks_until_ms: int | None


def checking_keys(keys: Sequence[SigningKey], check_ms: int, now_ms: int) -> list[CheckingKey]:
    """Those whose codes are good now or will be, the oldest first. They are good for `check_ms` after the next key has
    followed; whoever checks offline has that one by then."""
    ordered = sorted(keys, key=age)
    told = []
    for place, key in enumerate(ordered):
        follower = ordered[place + 1] if place + 1 < len(ordered) else None
        until_ms = None if follower is None else follower.signs_from_ms + check_ms
        if until_ms is None or now_ms < until_ms:
            told.append(CheckingKey(key.key_id, key.public_key, key.signs_from_ms, until_ms))
    return told
