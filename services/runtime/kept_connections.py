"""A transport for httpx over few kept connections, for whoever wants httpx's client: see kept_lines."""

from __future__ import annotations

import ssl

import httpx

from services.runtime.kept_lines import KeptLines, Limits, place_of
from services.runtime.plain_http import question


class KeptConnections(httpx.AsyncBaseTransport):
    """At most `most` connections; who finds none free waits. Give it to httpx.AsyncClient(transport=…)."""

    def __init__(self, *, most: int, tls: ssl.SSLContext | None = None) -> None:
        self._lines = KeptLines(most=most, tls=tls)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx.AsyncBaseTransport. Raises httpx.TransportError, each by how far the request came."""
        if "transfer-encoding" in request.headers:
            message = "a question whose length is not known"
            raise httpx.LocalProtocolError(message)
        timeouts = request.extensions.get("timeout", {})
        limits = Limits(timeouts.get("pool"), timeouts.get("connect"), timeouts.get("read"))
        method = request.method.encode()
        sent = question(method, request.url.raw_path, request.headers.raw, await request.aread())
        answer = await self._lines.ask(place_of(request.url), method, sent, limits)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.content, request=request)

    async def aclose(self) -> None:
        """Hangs up."""
        await self._lines.close()
