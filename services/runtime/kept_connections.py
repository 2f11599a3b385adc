"""A transport for httpx over few kept connections: HTTP/1.1 by h11, a tenth of what httpx's own pool costs a call.

For small answers of one host that is asked hundreds of times a second: an answer is read whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import TypeAlias

import h11
import httpx

# What is idle for longer may have been closed at the other end: uvicorn's own default, and httpx's.
KEEP_SECONDS = 5.0
ANSWER_BYTES = 4 * 1024 * 1024
_READ_BYTES = 64 * 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}

_Place: TypeAlias = tuple[str, str, int]


class _Kept:
    """One connection and what h11 knows of it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.state = h11.Connection(h11.CLIENT)
        self.idle_since = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the other end has not hung up, as far as is known."""
        return not (self.reader.at_eof() or self.writer.is_closing())


class KeptConnections(httpx.AsyncBaseTransport):
    """At most `most` connections; who finds none free waits. Give it to httpx.AsyncClient(transport=…)."""

    def __init__(self, *, most: int, tls: ssl.SSLContext | None = None) -> None:
        self._room = asyncio.Semaphore(most)
        self._tls = tls
        # The one used last is used next: the others may go.
        self._idle: dict[_Place, list[_Kept]] = {}
        self._hanging_up: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx.AsyncBaseTransport. Raises httpx.TransportError, each by how far the request came."""
        timeouts = request.extensions.get("timeout", {})
        content = await request.aread()
        async with _within(timeouts.get("pool"), httpx.PoolTimeout):
            await self._room.acquire()
        try:
            place = _place_of(request.url)
            kept = self._idle_one(place)
            if kept is None:
                async with _within(timeouts.get("connect"), httpx.ConnectTimeout):
                    kept = await self._connected(place)
            return await self._asked(kept, place, request, content, timeouts.get("read"))
        finally:
            self._room.release()

    async def aclose(self) -> None:
        """Hangs up."""
        idle = [kept for of_place in self._idle.values() for kept in of_place]
        self._idle.clear()
        for kept in idle:
            self._hang_up(kept)
        await asyncio.gather(*self._hanging_up, return_exceptions=True)

    def _idle_one(self, place: _Place) -> _Kept | None:
        idle = self._idle.get(place, [])
        while idle:
            kept = idle.pop()
            if kept.is_open and asyncio.get_running_loop().time() - kept.idle_since < KEEP_SECONDS:
                return kept
            self._hang_up(kept)
        return None

    async def _connected(self, place: _Place) -> _Kept:
        scheme, host, port = place
        if scheme == "https" and self._tls is None:
            self._tls = httpx.create_ssl_context()
        try:
            tls = self._tls if scheme == "https" else None
            return _Kept(*await asyncio.open_connection(host, port, ssl=tls))
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error

    async def _asked(
        self, kept: _Kept, place: _Place, request: httpx.Request, content: bytes, seconds: float | None
    ) -> httpx.Response:
        is_whole = False
        try:
            async with _within(seconds, httpx.ReadTimeout):
                response = await _exchange(kept, request, content)
            is_whole = kept.state.our_state is h11.DONE and kept.state.their_state is h11.DONE
            return response
        finally:
            # Whatever was broken off on it, a timeout or the caller's own end, must not meet the next one's answer.
            if is_whole:
                kept.state.start_next_cycle()
                kept.idle_since = asyncio.get_running_loop().time()
                self._idle.setdefault(place, []).append(kept)
            else:
                self._hang_up(kept)

    def _hang_up(self, kept: _Kept) -> None:
        kept.writer.close()
        task = asyncio.create_task(_closed(kept.writer))
        self._hanging_up.add(task)
        task.add_done_callback(self._hanging_up.discard)


async def _closed(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _exchange(kept: _Kept, request: httpx.Request, content: bytes) -> httpx.Response:
    state = kept.state
    head = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
    try:
        sent = (state.send(head) or b"") + ((state.send(h11.Data(data=content)) or b"") if content else b"")
        kept.writer.write(sent + (state.send(h11.EndOfMessage()) or b""))
        return await _answer(kept, request)
    except (h11.RemoteProtocolError, h11.LocalProtocolError) as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    except OSError as error:
        raise httpx.ReadError(str(error)) from error


async def _answer(kept: _Kept, request: httpx.Request) -> httpx.Response:
    answer: h11.Response | None = None
    parts: list[bytes] = []
    size = 0
    while True:
        event = kept.state.next_event()
        if event is h11.NEED_DATA:
            kept.state.receive_data(await kept.reader.read(_READ_BYTES))
        elif isinstance(event, h11.Response):
            answer = event
        elif isinstance(event, h11.Data):
            parts.append(bytes(event.data))
            size += len(event.data)
            if size > ANSWER_BYTES:
                message = f"an answer of more than {ANSWER_BYTES} bytes"
                raise httpx.RemoteProtocolError(message)
        elif isinstance(event, h11.EndOfMessage):
            assert answer is not None, "h11 tells no end without a head"
            headers = [(name, value) for name, value in answer.headers if name != b"transfer-encoding"]
            return httpx.Response(answer.status_code, headers=headers, content=b"".join(parts), request=request)
        elif isinstance(event, h11.ConnectionClosed):
            message = "the other end hung up without an answer"
            raise httpx.RemoteProtocolError(message)


def _place_of(url: httpx.URL) -> _Place:
    return url.scheme, url.host, url.port or _DEFAULT_PORTS[url.scheme]


class _within:  # noqa: N801 (reads as a phrase)
    """asyncio.timeout whose end is httpx's own error."""

    def __init__(self, seconds: float | None, fault: Callable[[str], httpx.TimeoutException]) -> None:
        self._timeout = asyncio.timeout(seconds)
        self._fault = fault

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *ending: object) -> None:
        try:
            await self._timeout.__aexit__(*ending)  # type: ignore[arg-type]
        except TimeoutError as error:
            raise self._fault("no answer in time") from error
