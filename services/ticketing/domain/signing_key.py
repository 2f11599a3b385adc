"""Keys that sign ticket codes, and when each is told, signs, and stops being good. Knows no cryptography."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SigningKey:
    """`sealed_private` can be opened with the deployment's sealing secret only."""

    key_id: str
    public_key: bytes
    sealed_private: bytes
    created_at_ms: int
    signs_from_ms: int


@dataclass(frozen=True, slots=True)
class RotationRule:
    """A key signs for `sign_ms`, and its codes are good for `check_ms` after the next one has followed it.

    The next one is told for `announce_ms` before it signs: whoever checks offline has it by then.
    """

    sign_ms: int
    announce_ms: int
    check_ms: int


@dataclass(frozen=True, slots=True)
class CheckingKey:
    """A public key and how long its codes are good; `checks_until_ms` None: nothing has followed it."""

    key_id: str
    public_key: bytes
    signs_from_ms: int
    checks_until_ms: int | None


def signing_now(keys: Sequence[SigningKey], now_ms: int) -> SigningKey | None:
    """The newest whose time has come."""
    begun = [key for key in keys if key.signs_from_ms <= now_ms]
    return max(begun, key=_age, default=None)


def next_signs_from(keys: Sequence[SigningKey], rule: RotationRule, now_ms: int) -> int | None:
    """When a key that is made now begins to sign; None: none is needed yet. The first one signs at once."""
    current = signing_now(keys, now_ms)
    if current is None:
        return now_ms
    is_announced = any(key.signs_from_ms > now_ms for key in keys)
    ends_ms = current.signs_from_ms + rule.sign_ms
    if is_announced or now_ms < ends_ms - rule.announce_ms:
        return None
    return max(ends_ms, now_ms + rule.announce_ms)


def checking_keys(keys: Sequence[SigningKey], rule: RotationRule, now_ms: int) -> list[CheckingKey]:
    """Those whose codes are good now or will be, the oldest first."""
    ordered = sorted(keys, key=_age)
    told = []
    for place, key in enumerate(ordered):
        follower = ordered[place + 1] if place + 1 < len(ordered) else None
        until_ms = None if follower is None else follower.signs_from_ms + rule.check_ms
        if until_ms is None or now_ms < until_ms:
            told.append(CheckingKey(key.key_id, key.public_key, key.signs_from_ms, until_ms))
    return told


def _age(key: SigningKey) -> tuple[int, str]:
    return key.signs_from_ms, key.key_id
