"""What a service process has for access: its own token, the keys it trusts, what is revoked, and the interceptor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from services.runtime.access.checker import TokenChecker
from services.runtime.access.interceptor import AccessInterceptor, RolesWith
from services.runtime.access.keys import FetchKeys, KeyRing, private_key
from services.runtime.access.own_token import OwnToken
from services.runtime.access.revocations import Revocation, Revocations
from services.runtime.clock import Clock
from services.runtime.errors import Fatal
from services.runtime.ids import Ids
from services.runtime.settings import ServiceSettings

# Revoked is void within seconds: so often each process asks what is new.
POLL_SECONDS = 2.0

FetchRevocations = Callable[[], Awaitable[Iterable[Revocation]]]


class ServiceKeyMissing(Fatal):
    """The setting SERVICE_KEY is empty: without the deployment's key no service can know its callers."""


class Guard:
    """One a process. `keys_from` and `revocations_from` are set before the service starts."""

    def __init__(self, name: str, settings: ServiceSettings, roles_with: RolesWith, clock: Clock, ids: Ids) -> None:
        written = settings.service_key.get_secret_value()
        if not written:
            raise ServiceKeyMissing(service=name)
        key = private_key(written)
        self.keys_from: FetchKeys | None = None
        self.revocations_from: FetchRevocations | None = None
        self._revocations = Revocations()
        also_trusted = [one for one in settings.trusted_service_keys.split(",") if one]
        keys = KeyRing(key, clock, also_trusted=also_trusted, fetch=self._fetch_keys)
        self._clock = clock
        self.own_token = OwnToken(key, name, clock, ids)
        self.interceptor = AccessInterceptor(TokenChecker(keys, self._revocations, clock), roles_with, clock)

    async def _fetch_keys(self) -> dict[str, bytes]:
        return {} if self.keys_from is None else dict(await self.keys_from())

    async def watch_revocations(self) -> None:
        """A loop. While accounts is away, tokens live on for the minutes that they have left."""
        while True:
            if self.revocations_from is not None:
                self._revocations.learn(await self.revocations_from(), self._clock.now_ms())
            await self._clock.sleep(POLL_SECONDS)
