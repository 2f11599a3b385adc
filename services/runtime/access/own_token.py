"""The credential of a process of the deployment: a token that it signs itself, renewed before it is past its time."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.runtime.access.keys import key_id, public_bytes
from services.runtime.access.tokens import MAX_SECONDS, Token, encoded
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.principal import Principal, PrincipalKind

# A token is used for half of its life: no call is on the way with one that ends.
_RENEW_MS = MAX_SECONDS * 500


class OwnToken:
    """Call it for the value of `authorization`. Of a service by its name, or of an operator."""

    def __init__(
        self,
        key: Ed25519PrivateKey,
        subject: str,
        clock: Clock,
        ids: Ids,
        kind: PrincipalKind = PrincipalKind.SERVICE,
    ) -> None:
        self._key = key
        self._key_id = key_id(public_bytes(key))
        self._principal = Principal(kind, subject)
        self._clock = clock
        self._ids = ids
        self._renew_at_ms = 0
        self._credential = ""

    def __call__(self) -> str:
        """`Bearer <token>`."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._renew_at_ms:
            token = Token(self._principal, now_ms, now_ms + MAX_SECONDS * 1000, self._ids.new_id("tok"))
            self._credential = f"Bearer {encoded(token, self._key, self._key_id)}"
            self._renew_at_ms = now_ms + _RENEW_MS
        return self._credential
