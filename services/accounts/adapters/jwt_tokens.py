"""Tokens as JWT signed with Ed25519. Private keys are in memory while a token is signed, sealed everywhere else."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.accounts.ports.token_signer import TokenFacts
from services.runtime.access.keys import key_id, public_bytes
from services.runtime.access.tokens import Token, encoded
from services.runtime.ids import Ids
from services.runtime.seal import Seal
from services.runtime.signing_keys.rotation import SigningKey


class JwtTokens:
    """See TokenSigner."""

    def __init__(self, seal: Seal, ids: Ids) -> None:
        self._seal = seal
        self._ids = ids
        self._opened: dict[str, Ed25519PrivateKey] = {}

    def new_key(self, now_ms: int, signs_from_ms: int) -> SigningKey:
        """See TokenSigner.new_key. Its id is its own hash: nothing has to be agreed on."""
        private = Ed25519PrivateKey.generate()
        public = public_bytes(private)
        sealed = self._seal.sealed(private.private_bytes_raw())
        return SigningKey(key_id(public), public, sealed, now_ms, signs_from_ms)

    def signed(self, key: SigningKey, facts: TokenFacts) -> str:
        private = self._opened.get(key.key_id)
        if private is None:
            # Of the keys only one signs at a time: older ones are dropped with it.
            private = Ed25519PrivateKey.from_private_bytes(self._seal.opened(key.sealed_private))
            self._opened = {key.key_id: private}
        token = Token(
            facts.principal,
            facts.issued_at_ms,
            facts.expires_at_ms,
            self._ids.new_id("tok"),
            session_id=facts.session_id,
            grants_version=facts.grants_version,
        )
        return encoded(token, private, key.key_id)
