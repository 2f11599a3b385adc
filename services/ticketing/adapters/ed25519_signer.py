"""Ticket codes signed with Ed25519. Private keys are in memory while they sign, sealed everywhere else."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.contracts.ticket_codes import CodeFacts, key_id_of, signed_code
from services.runtime.access.keys import public_bytes
from services.runtime.seal import Seal
from services.runtime.signing_keys.rotation import SigningKey


class Ed25519Signer:
    """See CodeSigner."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self._opened: dict[str, Ed25519PrivateKey] = {}

    def new_key(self, now_ms: int, signs_from_ms: int) -> SigningKey:
        """See CodeSigner.new_key. Its id is its own hash: nothing has to be agreed on."""
        private = Ed25519PrivateKey.generate()
        public = public_bytes(private)
        sealed = self._seal.sealed(private.private_bytes_raw())
        return SigningKey(key_id_of(public), public, sealed, now_ms, signs_from_ms)

    def signed(self, key: SigningKey, facts: Sequence[CodeFacts]) -> list[str]:
        private = self._opened.get(key.key_id)
        if private is None:
            # Of the keys only one signs at a time: older ones are dropped with it.
            private = Ed25519PrivateKey.from_private_bytes(self._seal.opened(key.sealed_private))
            self._opened = {key.key_id: private}
        return [signed_code(one, private) for one in facts]
