"""Signs ticket codes and makes the keys for it. Private keys leave it sealed only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.ticket_codes import CodeFacts
from services.runtime.signing_keys.rotation import SigningKey


class CodeSigner(Protocol):
    """A key that the sealing secret does not open raises SealBroken."""

    def new_key(self, now_ms: int, signs_from_ms: int) -> SigningKey: ...

    def signed(self, key: SigningKey, facts: Sequence[CodeFacts]) -> list[str]:
        """A code for each, in their order."""
        ...
