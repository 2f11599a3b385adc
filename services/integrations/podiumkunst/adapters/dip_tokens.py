"""Tokens of the DIP platform by client credentials: in memory, renewed before they end, asked for once for many."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from services.integrations.podiumkunst.adapters.dip_wire import DipNames, ShapeUnknown, document_of, error_in
from services.integrations.podiumkunst.domain.connection import TARGET_ID
from services.integrations.podiumkunst.ports.platform import Granted, NotTold, PlatformAccount, Untold
from services.runtime.clock import Clock
from services.runtime.outbound.http import Answer, OutboundHttp, Question
from services.runtime.outbound.port import Exchange, Target

# Renewed so long before its end, or at half its life where that is later.
MARGIN_SECONDS: Final = 60.0
_LONGEST_SECONDS: Final = 86_400.0
KIND: Final = "token"
_FORM: Final = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}


@dataclass(frozen=True, slots=True)
class _Held:
    token: str
    good_until: float


_Key = tuple[str, str, str]


class DipTokens:
    """See PlatformTokens."""

    def __init__(self, http: OutboundHttp, names: DipNames, clock: Clock) -> None:
        self._http = http
        self._names = names
        self._clock = clock
        self._held: dict[_Key, _Held] = {}
        self._asking: dict[_Key, asyncio.Task[Granted]] = {}

    async def granted(self, account: PlatformAccount) -> Granted:
        """See PlatformTokens.granted."""
        key = (account.house_id, account.client_id, account.client_secret)
        held = self._held.get(key)
        if held is not None and self._clock.monotonic() < held.good_until:
            return Granted(held.token)
        asking = self._asking.get(key)
        if asking is not None:
            return Granted((await asyncio.shield(asking)).token)
        asking = asyncio.create_task(self._ask(key, account), name="dip token")
        self._asking[key] = asking
        asking.add_done_callback(lambda _: self._asking.pop(key, None))
        # Whoever waits may give up; the others still get it.
        return await asyncio.shield(asking)

    def forget(self, account: PlatformAccount) -> None:
        """See PlatformTokens.forget."""
        self._held.pop((account.house_id, account.client_id, account.client_secret), None)

    async def _ask(self, key: _Key, account: PlatformAccount) -> Granted:
        names = self._names
        form = {
            names["token.client_id"]: account.client_id,
            names["token.client_secret"]: account.client_secret,
            "grant_type": "client_credentials",
        }
        question = Question(
            "POST",
            names["path.token"],
            KIND,
            body=urlencode(form).encode(),
            headers=_FORM,
            dispatches=0,
            secrets=(account.client_secret,),
        )
        asked_at = self._clock.monotonic()
        answer = await self._http.ask(Target(account.house_id, TARGET_ID), question)
        found = _read(answer, names, question.secrets)
        if isinstance(found, NotTold):
            return Granted(found, replace(answer.exchange, payload_hash=""))
        token, seconds = found
        # Whatever the platform grants besides is masked by its name; a token is in no ledger.
        self._held[key] = _Held(token, asked_at + max(seconds - MARGIN_SECONDS, seconds / 2))
        return Granted(token, _without(answer.exchange))


def _without(exchange: Exchange) -> Exchange:
    """A hash of the form is a hash of the secret."""
    return replace(exchange, answer="a token", payload_hash="")


def _read(answer: Answer, names: DipNames, secrets: Sequence[str]) -> tuple[str, float] | NotTold:
    """The token and its seconds."""
    if answer.fault:
        return NotTold(Untold.SILENT, answer.fault)
    try:
        document = document_of(answer.body)
    except ShapeUnknown:
        document = None
    status, said = answer.status, error_in(document, names, secrets)
    if status == 429 or status >= 500:
        return NotTold(Untold.SILENT, said or f"answered {status}", status, answer.retry_after_ms)
    if status in {400, 401, 403} and (said is not None or status != 400):
        return NotTold(Untold.LOCKED, said or f"answered {status}", status)
    if said is not None or not isinstance(document, dict) or not 200 <= status < 300:
        return NotTold(Untold.UNREADABLE, said or f"answered {status} without a token", status)
    token, seconds = document.get(names["token.access"]), document.get(names["token.seconds"])
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        return NotTold(Untold.UNREADABLE, "an answer without a token", status)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds <= 0:
        return NotTold(Untold.UNREADABLE, "a token without an end", status)
    return token, min(float(seconds), _LONGEST_SECONDS)
