"""Signs tokens and makes the keys for it. Private keys leave it sealed only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.runtime.principal import Principal
from services.runtime.signing_keys.rotation import SigningKey


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What a token says. Times are unix milliseconds; `grants_version` is 0 for who has no grants."""

    principal: Principal
    issued_at_ms: int
    expires_at_ms: int
    session_id: str = ""
    grants_version: int = 0


class TokenSigner(Protocol):
    """A key that the sealing secret does not open raises KeyUnreadable."""

    def new_key(self, now_ms: int, signs_from_ms: int) -> SigningKey: ...

    def signed(self, key: SigningKey, facts: TokenFacts) -> str: ...
