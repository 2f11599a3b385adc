"""Which keys sign tokens: the deployment's own, from settings, and those of accounts, fetched when one is unknown."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.runtime.access.tokens import ACCOUNTS_ISSUER, DEPLOYMENT_ISSUER
from services.runtime.clock import Clock
from services.runtime.errors import Fatal, Retryable

# Strangers may send tokens with any key id: accounts is asked for its keys no more often than this.
REFETCH_SECONDS: Final = 5.0
_KEY_BYTES: Final = 32

FetchKeys = Callable[[], Awaitable[Mapping[str, bytes]]]


class KeyMalformed(Fatal):
    """A key of the settings is not the base64 of 32 bytes; `balcon keys new` makes one."""


class KeysUnknown(Retryable):
    """Accounts does not answer, and the token is signed with a key that nobody here has seen yet."""


def public_key_of(written: str) -> str:
    """The public key of a private one, as TRUSTED_SERVICE_KEYS takes it (KeyMalformed)."""
    return base64.urlsafe_b64encode(public_bytes(private_key(written))).decode()


def private_key(written: str) -> Ed25519PrivateKey:
    """The key of a setting: base64 of 32 random bytes (KeyMalformed)."""
    return Ed25519PrivateKey.from_private_bytes(_bytes_of(written))


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes that are told to whoever checks."""
    return key.public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """The name that a key's tokens carry: nothing has to be agreed on when a key is changed."""
    return hashlib.sha256(public).hexdigest()[:16]


def _bytes_of(written: str) -> bytes:
    try:
        raw = base64.b64decode(written, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise KeyMalformed
    return raw


async def _no_accounts() -> Mapping[str, bytes]:
    return {}


class KeyRing:
    """Public keys by id, each with the issuer that may sign with it.

    `also_trusted` are public keys of the deployment from before a change of its key, or from after the next.
    """

    def __init__(
        self, own: Ed25519PrivateKey, clock: Clock, *, also_trusted: Sequence[str] = (), fetch: FetchKeys = _no_accounts
    ) -> None:
        deployment = [public_bytes(own), *map(_bytes_of, also_trusted)]
        self._deployment = {key_id(raw): Ed25519PublicKey.from_public_bytes(raw) for raw in deployment}
        self._accounts: dict[str, Ed25519PublicKey] = {}
        self._clock = clock
        self._fetch = fetch
        self._may_fetch_at = 0.0
        self._fetching = asyncio.Lock()

    async def find(self, name: str) -> tuple[Ed25519PublicKey, str] | None:
        """The key and its issuer; None: nobody's. Raises KeysUnknown when only accounts could know, and is silent."""
        if found := self._known(name):
            return found
        async with self._fetching:
            if (found := self._known(name)) or self._clock.monotonic() < self._may_fetch_at:
                return found
            try:
                fetched = await self._fetch()
            except Exception as error:
                raise KeysUnknown from error
            self._may_fetch_at = self._clock.monotonic() + REFETCH_SECONDS
            self._accounts = {name: Ed25519PublicKey.from_public_bytes(raw) for name, raw in fetched.items()}
        return self._known(name)

    def is_known(self, name: str) -> bool:
        """Whether tokens of that key are still to be believed."""
        return self._known(name) is not None

    def _known(self, name: str) -> tuple[Ed25519PublicKey, str] | None:
        if key := self._deployment.get(name):
            return key, DEPLOYMENT_ISSUER
        if key := self._accounts.get(name):
            return key, ACCOUNTS_ISSUER
        return None
