"""Seals what must be read again (signing keys, second factors) with a secret that is not in the database."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.runtime.errors import Fatal


class SealBroken(Fatal):
    """Something was sealed with another secret than those of the settings: put the former one there as well."""


class Seal:
    """The first secret seals, all of them open: so the secret is changed without losing anything."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(_key_of(secret)) for secret in secrets])

    def sealed(self, plain: bytes) -> bytes:
        """Encrypted and authenticated."""
        return self._fernet.encrypt(plain)

    def opened(self, sealed: bytes) -> bytes:
        """SealBroken."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise SealBroken from error


def _key_of(secret: str) -> bytes:
    """The secret is random and long, so a fast hash makes a key of it."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"balcon.accounts.seal:" + secret.encode()).digest())
