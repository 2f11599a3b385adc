"""Signs settlements and makes the keys for it. Private keys leave it sealed only."""

from __future__ import annotations

from typing import Protocol

from services.runtime.signing_keys.rotation import SigningKey


class SettlementSigner(Protocol):
    """A key that the sealing secret does not open raises SealBroken."""

    def new_key(self, now_ms: int, signs_from_ms: int) -> SigningKey: ...

    def signature(self, key: SigningKey, content: bytes) -> bytes: ...

    def is_genuine(self, public_key: bytes, content: bytes, signature: bytes) -> bool:
        """Whether it is what the key signed."""
        ...
