"""From a credential to who it belongs to: each token is verified once, then found again until it is past its time."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.access.keys import KeyRing
from services.runtime.access.refusals import TokenExpired, TokenInvalid, TokenMissing, TokenRevoked
from services.runtime.access.revocations import Revocations
from services.runtime.access.tokens import Token, decoded, key_id_of
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.principal import PrincipalKind

# Verified tokens that are remembered; as many callers, at some hundred bytes each.
MAX_REMEMBERED = 20_000
_SCHEME = "Bearer "


@dataclass(frozen=True, slots=True)
class Checked:
    """A token that was believed, and the key that signed it."""

    token: Token
    key_id: str


class TokenChecker:
    """One a process."""

    def __init__(self, keys: KeyRing, revocations: Revocations, clock: Clock) -> None:
        self._keys = keys
        self._revocations = revocations
        self._clock = clock
        self._remembered: dict[str | bytes, Checked] = {}

    def remembered(self, credential: str | bytes) -> Checked | None:
        """A token that was verified before and is still good; None says nothing about it."""
        checked = self._remembered.get(credential)
        if checked is None or checked.token.expires_at_ms <= self._clock.now_ms():
            return None
        return None if self._revocations.any and self._revocations.has(checked.token, checked.key_id) else checked

    async def check(self, credential: str) -> Checked | Refusal:
        """Who sent it. Raises KeysUnknown while nobody can tell."""
        if not credential:
            return TokenMissing()
        if not credential.startswith(_SCHEME):
            return TokenInvalid("is not a bearer token")
        written = credential.removeprefix(_SCHEME)
        name = key_id_of(written)
        if isinstance(name, Refusal):
            return name
        found = await self._keys.find(name)
        if found is None:
            return TokenInvalid("is signed with a key that is not known")
        token = decoded(written, *found, self._clock.now_ms())
        if isinstance(token, Refusal):
            return token
        if self._revocations.has(token, name):
            return TokenRevoked()
        checked = Checked(token, name)
        self._remember(credential, checked)
        return checked

    def again(self, checked: Checked) -> Refusal | None:
        """Of a stream that has been open for as long as its token lives: whether it may stay open."""
        if self._revocations.has(checked.token, checked.key_id):
            return TokenRevoked()
        # Whoever has the deployment's key signs a new token at any moment: what counts is whether the key still does.
        if checked.token.principal.kind is PrincipalKind.SERVICE and self._keys.is_known(checked.key_id):
            return None
        return TokenExpired()

    def _remember(self, credential: str, checked: Checked) -> None:
        if len(self._remembered) >= MAX_REMEMBERED:
            now = self._clock.now_ms()
            alive = {name: one for name, one in self._remembered.items() if one.token.expires_at_ms > now}
            # All of them alive: a crowd. Half of them are verified anew when they come again.
            kept = alive if len(alive) < MAX_REMEMBERED else dict(list(alive.items())[MAX_REMEMBERED // 2 :])
            self._remembered = kept
        self._remembered[credential] = checked
