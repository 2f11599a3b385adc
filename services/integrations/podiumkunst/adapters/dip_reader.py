"""Reads the DIP platform over HTTP. Each call ends in time with an answer or a NotTold; none raises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx

from services.integrations.podiumkunst.adapters.dip_wire import (
    DipNames,
    ShapeUnknown,
    document_of,
    error_in,
    performances_of,
    sales_of,
)
from services.integrations.podiumkunst.domain.platform import PlatformList, ProductionSales
from services.integrations.podiumkunst.ports.platform import NotTold, PlatformAccount, PlatformTokens, Untold

T = TypeVar("T")

# A season of the largest house has some thousand performances of 1 KB each.
MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
_UNAUTHORIZED: Final = frozenset({401, 403})
# Not now, rather than no.
_NOT_NOW: Final = frozenset({408, 425, 429})
_MAX_AFTER_MS: Final = 86_400_000


class DipReader:
    """See PlatformReader. A token that is refused is asked for anew, once."""

    def __init__(
        self, http: httpx.AsyncClient, tokens: PlatformTokens, names: DipNames, *, timeout_seconds: float
    ) -> None:
        self._http = http
        self._tokens = tokens
        self._names = names
        self._timeout_seconds = timeout_seconds

    async def performances(self, account: PlatformAccount) -> PlatformList | NotTold:
        """See PlatformReader.performances."""
        path = self._names["path.performances"]
        return await self._ask(account, path, lambda document: performances_of(document, self._names))

    async def sales(self, account: PlatformAccount, production_id: str) -> ProductionSales | NotTold:
        """See PlatformReader.sales."""
        path = self._names["path.production_sales"].replace("{production}", quote(production_id, safe=""))
        return await self._ask(account, path, lambda document: sales_of(production_id, document, self._names))

    async def _ask(self, account: PlatformAccount, path: str, read: Callable[[Any], T]) -> T | NotTold:
        token = await self._tokens.token(account)
        if isinstance(token, NotTold):
            return token
        told = await self._ask_with(token, path, read)
        if isinstance(told, NotTold) and told.why is Untold.LOCKED:
            self._tokens.forget(account)
            token = await self._tokens.token(account)
            return token if isinstance(token, NotTold) else await self._ask_with(token, path, read)
        return told

    async def _ask_with(self, token: str, path: str, read: Callable[[Any], T]) -> T | NotTold:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await self._fetch(path, token)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return NotTold(Untold.SILENT, f"no answer ({type(error).__name__})")
        return answer if isinstance(answer, NotTold) else _read(answer, self._names, read)

    async def _fetch(self, path: str, token: str) -> httpx.Response | NotTold:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        async with self._http.stream("GET", path, headers=headers) as response:
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MAX_ANSWER_BYTES:
                    note = f"an answer of more than {MAX_ANSWER_BYTES:,} bytes"
                    return NotTold(Untold.UNREADABLE, note, response.status_code)
        # Its body is decoded by now, so what it says of its encoding is over.
        return httpx.Response(response.status_code, content=bytes(body), headers=_kept(response))


def _kept(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.lower() == "retry-after"}


def _read(response: httpx.Response, names: DipNames, read: Callable[[Any], T]) -> T | NotTold:
    status = response.status_code
    try:
        document: Any = document_of(response.content)
    except ShapeUnknown:
        document = None
    said = error_in(document, names)
    if status in _UNAUTHORIZED:
        return NotTold(Untold.LOCKED, said or f"answered {status}", status)
    if status in _NOT_NOW or status >= 500:
        return NotTold(Untold.SILENT, said or f"answered {status}", status, _after_ms(response))
    if said is not None:
        # Also inside a 200, which is none.
        return NotTold(Untold.REFUSED, said, status)
    if not response.is_success:
        return NotTold(Untold.REFUSED if 400 <= status < 500 else Untold.UNREADABLE, f"answered {status}", status)
    if document is None:
        return NotTold(Untold.UNREADABLE, "an answer that is no JSON", status)
    try:
        return read(document)
    except ShapeUnknown as error:
        return NotTold(Untold.UNREADABLE, f"an answer of another shape: {error}", status)


def _after_ms(response: httpx.Response) -> int:
    seconds = response.headers.get("retry-after", "")
    is_number = seconds.isascii() and seconds.isdigit() and len(seconds) < 9
    return min(int(seconds) * 1000, _MAX_AFTER_MS) if is_number else 0
