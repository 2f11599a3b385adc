"""Reads the DIP platform over HTTP. Each call ends in time with an answer or a NotTold; none raises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

from services.integrations.podiumkunst.adapters.dip_wire import (
    DipNames,
    ShapeUnknown,
    document_of,
    error_in,
    performances_of,
    sales_of,
)
from services.integrations.podiumkunst.domain.connection import TARGET_ID
from services.integrations.podiumkunst.domain.platform import PlatformList, ProductionSales
from services.integrations.podiumkunst.ports.platform import NotTold, PlatformAccount, PlatformTokens, Untold
from services.runtime.outbound.http import Answer, HttpLimits, OutboundHttp, Question
from services.runtime.outbound.port import Done, ExchangeLedger, Later, Locked, Outcome, Settled, Target

T = TypeVar("T")

# A season of the largest house has some thousand performances of 1 KB each.
MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024


def reading_limits(timeout_seconds: float) -> HttpLimits:
    """Of the client that a DipReader asks by."""
    return HttpLimits(read_seconds=timeout_seconds, total_seconds=timeout_seconds, answer_bytes=MAX_ANSWER_BYTES)


class DipReader:
    """See PlatformReader. A token that is refused is asked for anew, once."""

    def __init__(self, http: OutboundHttp, tokens: PlatformTokens, names: DipNames, ledger: ExchangeLedger) -> None:
        self._http = http
        self._ledger = ledger
        self._tokens = tokens
        self._names = names

    async def performances(self, account: PlatformAccount) -> PlatformList | NotTold:
        """See PlatformReader.performances."""
        path = self._names["path.performances"]
        return await self._ask(account, path, lambda document: performances_of(document, self._names))

    async def sales(self, account: PlatformAccount, production_id: str) -> ProductionSales | NotTold:
        """See PlatformReader.sales."""
        path = self._names["path.production_sales"].replace("{production}", quote(production_id, safe=""))
        return await self._ask(account, path, lambda document: sales_of(production_id, document, self._names))

    async def _ask(self, account: PlatformAccount, path: str, read: Callable[[Any], T]) -> T | NotTold:
        token = await self._token(account)
        if isinstance(token, NotTold):
            return token
        told = await self._ask_with(account, token, path, read)
        if isinstance(told, NotTold) and told.why is Untold.LOCKED:
            self._tokens.forget(account)
            token = await self._token(account)
            return token if isinstance(token, NotTold) else await self._ask_with(account, token, path, read)
        return told

    async def _token(self, account: PlatformAccount) -> str | NotTold:
        granted = await self._tokens.granted(account)
        if granted.exchange is not None:
            await self._ledger.keep([granted.exchange])
        return granted.token

    async def _ask_with(self, account: PlatformAccount, token: str, path: str, read: Callable[[Any], T]) -> T | NotTold:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        question = Question("GET", path, "read", headers=headers, secrets=(token, account.client_secret))
        answer = await self._http.ask(Target(account.house_id, TARGET_ID), question)
        told = _read(answer, self._names, question.secrets, read)
        await self._ledger.keep([answer.exchange_as(_outcome(told))])
        return told


def _outcome(told: object) -> Outcome:
    """What the ledger calls it: an answer that nobody can read is one that is asked for again."""
    match told:
        case NotTold(why=Untold.LOCKED):
            return Locked(told.note)
        case NotTold(why=Untold.REFUSED):
            return Done(Settled.REFUSED)
        case NotTold():
            return Later(told.note)
        case _:
            return Done(Settled.DELIVERED)


def _read(answer: Answer, names: DipNames, secrets: Sequence[str], read: Callable[[Any], T]) -> T | NotTold:
    document = error = None
    try:
        document = document_of(answer.body) if answer.is_whole else None
        error = error_in(document, names, secrets)
    except ShapeUnknown:
        pass
    note, status = error or answer.note, answer.status
    match answer.outcome():
        case Locked():
            return NotTold(Untold.LOCKED, note, status)
        case Later():
            return NotTold(Untold.SILENT, note, status, answer.retry_after_ms)
        case Done(Settled.DELIVERED) if error is None:
            return _understood(answer, document, read)
        case _:
            # Also an error inside a 200.
            return NotTold(Untold.REFUSED, note, status)


def _understood(answer: Answer, document: Any, read: Callable[[Any], T]) -> T | NotTold:
    if not answer.is_whole:
        return NotTold(Untold.UNREADABLE, f"an answer of more than {MAX_ANSWER_BYTES:,} bytes", answer.status)
    if document is None:
        return NotTold(Untold.UNREADABLE, "an answer that is no JSON", answer.status)
    try:
        return read(document)
    except ShapeUnknown as unknown:
        return NotTold(Untold.UNREADABLE, f"an answer of another shape: {unknown}", answer.status)
