"""Settlements signed with Ed25519. Private keys are in memory while they sign, sealed everywhere else."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.runtime.access.keys import key_id, public_bytes
from services.runtime.seal import Seal
from services.runtime.signing_keys.rotation import SigningKey


class Ed25519SettlementSigner:
    """See SettlementSigner."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def new_key(self, now_ms: int, signs_from_ms: int) -> SigningKey:
        """See SettlementSigner.new_key. Its id is its own hash: nothing has to be agreed on."""
        private = Ed25519PrivateKey.generate()
        public = public_bytes(private)
        sealed = self._seal.sealed(private.private_bytes_raw())
        return SigningKey(key_id(public), public, sealed, now_ms, signs_from_ms)

    def signature(self, key: SigningKey, content: bytes) -> bytes:
        """See SettlementSigner.signature."""
        return Ed25519PrivateKey.from_private_bytes(self._seal.opened(key.sealed_private)).sign(content)

    def is_genuine(self, public_key: bytes, content: bytes, signature: bytes) -> bool:
        """See SettlementSigner.is_genuine."""
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, content)
        except (InvalidSignature, ValueError):
            return False
        return True
