"""Keys that sign, and when the next one is told and takes over. Pure; knows no cryptography."""

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
    """A key signs for `sign_ms`; the next one is told for `announce_ms` before it signs, so that checkers know it."""

    sign_ms: int
    announce_ms: int


def signing_now(keys: Sequence[SigningKey], now_ms: int) -> SigningKey | None:
    """The newest whose time has come."""
    begun = [key for key in keys if key.signs_from_ms <= now_ms]
    return max(begun, key=age, default=None)


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


def age(key: SigningKey) -> tuple[int, str]:
    """Orders keys, the oldest first."""
    return key.signs_from_ms, key.key_id
