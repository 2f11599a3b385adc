"""Access tokens of Google, by a service account's signed word or a refresh token; kept until shortly before they end.

Kept in memory only, under the hash of the credentials: new credentials never go out with the old ones' token.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode
from weakref import WeakValueDictionary

import jwt

from services.integrations.trackers.adapters.company import kept
from services.integrations.trackers.domain.conversion import RefreshToken, ServiceAccount
from services.runtime.clock import Clock
from services.runtime.outbound.http import Answer, OutboundHttp, Question
from services.runtime.outbound.masking import masked
from services.runtime.outbound.port import Done, Exchange, Later, Locked, Settled, Target

SCOPE: Final = "https://www.googleapis.com/auth/datamanager"
# A token is not used in its last minutes: a request may take a while.
_RENEWED_BEFORE_MS: Final = 300_000
_ASSERTION_SECONDS: Final = 3_600
_MOST_KEPT: Final = 10_000
_NOT_LET_IN: Final = frozenset({"invalid_grant", "invalid_client", "unauthorized_client", "access_denied"})


@dataclass(frozen=True, slots=True)
class AccessToken:
    """Good until then."""

    value: str = field(repr=False)
    until_ms: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A token or why there is none, and the exchange that it took; None: it was still kept."""

    token: AccessToken | Later | Locked
    exchange: Exchange | None = None


class GoogleTokens:
    """One for all houses; each has its own credentials."""

    def __init__(self, http: OutboundHttp, token_url: str, clock: Clock) -> None:
        """`token_url`: what `http` asks too; a service account's word is good for it alone."""
        self._http = http
        self._token_url = token_url
        self._clock = clock
        self._kept: OrderedDict[str, AccessToken] = OrderedDict()
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, target: Target, credentials: ServiceAccount | RefreshToken) -> Asked:
        """One that is still good for minutes. Raises nothing that Google can cause."""
        name = _name_of(credentials)
        lock = self._asking.setdefault(name, asyncio.Lock())
        async with lock:
            found = self._kept.get(name)
            if found is not None and found.until_ms - _RENEWED_BEFORE_MS > self._clock.now_ms():
                return Asked(found)
            asked = await self._asked(target, credentials)
            if isinstance(asked.token, AccessToken):
                self._kept[name] = asked.token
                self._kept.move_to_end(name)
                if len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
            return asked

    def forget(self, credentials: ServiceAccount | RefreshToken) -> None:
        """What is kept was refused: the next one is asked for anew."""
        self._kept.pop(_name_of(credentials), None)

    async def _asked(self, target: Target, credentials: ServiceAccount | RefreshToken) -> Asked:
        try:
            form, secrets = self._form(credentials)
        except (ValueError, TypeError, jwt.PyJWTError):
            return Asked(Locked("the service account's private key cannot be read"))
        question = Question(
            "POST",
            "",
            "token",
            body=urlencode(form).encode(),
            headers={"content-type": "application/x-www-form-urlencoded"},
            asked_as="token of Google",
            dispatches=0,
            secrets=secrets,
        )
        answer = await self._http.ask(target, question)
        token = self._token_of(answer, secrets)
        if isinstance(token, AccessToken):
            # The answer is the token: the ledger keeps none of it.
            exchange = replace(answer.exchange_as(Done(Settled.DELIVERED)), answer="a token")
            return Asked(token, exchange)
        return Asked(token, kept(answer, token))

    def _form(self, credentials: ServiceAccount | RefreshToken) -> tuple[Mapping[str, str], tuple[str, ...]]:
        if isinstance(credentials, RefreshToken):
            form = {
                "grant_type": "refresh_token",
                "client_id": credentials.client_id,
                "client_secret": credentials.client_secret,
                "refresh_token": credentials.refresh_token,
            }
            return form, (credentials.client_secret, credentials.refresh_token)
        now = self._clock.now_ms() // 1_000
        said = {
            "iss": credentials.client_email,
            "scope": SCOPE,
            "aud": self._token_url,
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
        }
        assertion = jwt.encode(said, credentials.private_key, algorithm="RS256")
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return form, (assertion, credentials.private_key)

    def _token_of(self, answer: Answer, secrets: tuple[str, ...]) -> AccessToken | Later | Locked:
        usual = answer.outcome(locks=frozenset())
        if isinstance(usual, Later):
            return usual
        said = answer.document or {}
        value, seconds = said.get("access_token"), said.get("expires_in")
        if isinstance(value, str) and value and isinstance(seconds, int):
            return AccessToken(value, self._clock.now_ms() + seconds * 1_000)
        error = str(said.get("error", ""))
        if error in _NOT_LET_IN:
            return Locked(f"Google gives no token: {error} {masked(str(said.get('error_description', '')), secrets)}")
        return Later(f"no token in Google's answer ({answer.status})")


def _name_of(credentials: ServiceAccount | RefreshToken) -> str:
    if isinstance(credentials, ServiceAccount):
        parts = (credentials.client_email, credentials.private_key)
    else:
        parts = (credentials.client_id, f"{credentials.client_secret}\n{credentials.refresh_token}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
