"""Sessions: opaque, in the store only as a hash, ended by time without use, by age, or by somebody."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum

SECRET_PREFIX = "bs_"  # noqa: S105 (what every secret begins with)
# A session that is in use is written as used no more often than this.
TOUCH_MS = 60_000


class SessionKind(Enum):
    """Whose it is."""

    PERSON = "person"
    BUYER = "buyer"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Of a session: how long without use, and how long at all."""

    idle_ms: int
    absolute_ms: int


@dataclass(frozen=True, slots=True)
class Session:
    """`subject` is a person id or a buyer's holder id; `secret_hash` is all that is kept of the secret."""

    session_id: str
    kind: SessionKind
    subject: str
    secret_hash: bytes
    created_at_ms: int
    used_at_ms: int
    expires_at_ms: int
    device: str = ""

    def is_over(self, now_ms: int, idle_ms: int) -> bool:
        """By age, or by time without use."""
        return now_ms >= self.expires_at_ms or now_ms >= self.used_at_ms + idle_ms


def hash_of(secret: str) -> bytes:
    """SHA-256: the secret has 192 random bits, which no slow hash could make harder to guess."""
    return hashlib.sha256(secret.encode()).digest()
