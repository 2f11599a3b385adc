"""Seals what must be read again (signing keys, second factors) with a secret that is not in the database."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.runtime.errors import Fatal

_MIN_SECRET_CHARS = 20


class SealBroken(Fatal):
    """Something was sealed with another secret than those of the settings: put the former one there as well."""


class Seal:
    """The first secret seals, all of them open: so the secret is changed without losing anything."""

    def __init__(self, secrets: Sequence[str], *, owner: str) -> None:
        """`owner`: the service whose things these are; with the same secret another one opens none of them."""
        keys = [Fernet(_key_of(owner, secret)) for secret in secrets]
        self._first, self._fernet = keys[0], MultiFernet(keys)

    def sealed(self, plain: bytes) -> bytes:
        """Encrypted and authenticated."""
        return self._fernet.encrypt(plain)

    def opened(self, sealed: bytes) -> bytes:
        """SealBroken."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise SealBroken from error

    def resealed(self, sealed: bytes) -> bytes | None:
        """The same sealed with the first secret; None where it is already. SealBroken."""
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return self.sealed(self.opened(sealed))
        return None


def sealing_secrets(setting: str, written: str) -> tuple[str, ...]:
    """The secrets of a setting, separated by commas: at least one and none that could be guessed (ValueError)."""
    found = tuple(filter(None, (part.strip() for part in written.split(","))))
    if not found or min(map(len, found)) < _MIN_SECRET_CHARS:
        message = f"{setting} must name secrets of {_MIN_SECRET_CHARS} characters or more"
        raise ValueError(message)
    return found


def _key_of(owner: str, secret: str) -> bytes:
    """The secret is random and long, so a fast hash makes a key of it."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"balcon.{owner}.seal:{secret}".encode()).digest())
