"""Few kept connections over which plain questions of HTTP/1.1 go one after the other: an answer is read whole.

For small answers of hosts that are asked hundreds of times a second, at a tenth of what httpx costs a call.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

import httpx

from services.runtime.plain_http import Answer, AnswerReader

# What is idle for longer may have been closed at the other end: uvicorn's own default, and httpx's.
KEEP_SECONDS = 5.0
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """Who is asked."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for each step; None: whoever asks bounds it."""

    room: float | None = None
    connect: float | None = None
    answer: float | None = None


_UNBOUNDED: Final = Limits()


def place_of(url: httpx.URL) -> Place:
    """The place that an address names."""
    return Place(url.scheme, url.host, url.port or _DEFAULT_PORTS[url.scheme])


class _Line(asyncio.Protocol):
    """One connection; at most one question at a time."""

    def __init__(self, connected: set[_Line]) -> None:
        self._connected = connected
        self._transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self.is_open = False
        self.idle_since = 0.0
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are none by their class.
        self._transport = cast("asyncio.Transport", transport)
        self._connected.add(self)
        self.is_open = True

    def ask(self, method: bytes, question: bytes) -> asyncio.Future[Answer]:
        """Whoever gives up waiting hangs up."""
        assert self._transport is not None, "connected"
        self._reader = AnswerReader(method)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(question)
        return self._answer

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if reader is None:
            # Said without being asked: it must not meet the next question.
            self.hang_up()
            return
        try:
            answer = reader.read(data)
        except httpx.RemoteProtocolError as error:
            self._fail(error)
        else:
            self._tell(reader, answer)

    def eof_received(self) -> None:
        reader = self._reader
        if reader is not None:
            try:
                self._tell(reader, reader.end())
            except httpx.RemoteProtocolError as error:
                self._fail(error)
        self.hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._connected.discard(self)
        if exc is None:
            self._fail(httpx.RemoteProtocolError("the other end hung up without an answer"))
        else:
            self._fail(httpx.ReadError(str(exc)))
        if not self.gone.done():
            self.gone.set_result(None)

    def hang_up(self) -> None:
        """Whatever was under way is broken off, at once: closing waits for an end that may read or answer nothing."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def _tell(self, reader: AnswerReader, answer: Answer | None) -> None:
        if answer is None:
            return
        self._reader = None
        assert self._transport is not None, "connected"
        # Answered before it was asked in full: what is left of the question must not begin the next one.
        if reader.is_last or self._transport.get_write_buffer_size():
            self.hang_up()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _fail(self, error: httpx.TransportError) -> None:
        self._reader = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self.hang_up()


class KeptLines:
    """At most `most` connections, to all places; who finds none free waits. Close it with `close()`."""

    def __init__(self, *, most: int, tls: ssl.SSLContext | None = None) -> None:
        self._most = most
        self._room = asyncio.Semaphore(most)
        self._tls = tls
        # The one used last is used next: the others may go.
        self._idle: dict[Place, list[_Line]] = {}
        self._connected: set[_Line] = set()
        self._is_closed = False

    async def ask(self, place: Place, method: bytes, question: bytes, limits: Limits = _UNBOUNDED) -> Answer:
        """The answer. Raises httpx.TransportError, each by how far the question came."""
        async with _within(limits.room, httpx.PoolTimeout):
            await self._room.acquire()
        try:
            line = self._idle_one(place)
            if line is None:
                self._make_room()
                async with _within(limits.connect, httpx.ConnectTimeout):
                    line = await self._new_one(place)
            if self._is_closed:
                line.hang_up()
                message = "asked after the end"
                raise httpx.ConnectError(message)
            return await self._asked(line, place, method, question, limits.answer)
        finally:
            self._room.release()

    async def close(self) -> None:
        """Hangs up; whoever waits for an answer gets none. Nothing is asked afterwards."""
        self._is_closed = True
        self._idle.clear()
        connected = list(self._connected)
        for line in connected:
            line.hang_up()
        await asyncio.gather(*(line.gone for line in connected))

    def _idle_one(self, place: Place) -> _Line | None:
        idle = self._idle.get(place, [])
        while idle:
            line = idle.pop()
            if line.is_open and asyncio.get_running_loop().time() - line.idle_since < KEEP_SECONDS:
                return line
            line.hang_up()
        return None

    def _make_room(self) -> None:
        """Those that are kept for other places count too: the one that was used longest ago goes."""
        idle = [(line.idle_since, place, line) for place, lines in self._idle.items() for line in lines]
        if idle and len(self._connected) >= self._most:
            _, place, line = min(idle, key=lambda one: one[0])
            self._idle[place].remove(line)
            line.hang_up()

    async def _new_one(self, place: Place) -> _Line:
        if place.scheme == "https" and self._tls is None:
            self._tls = httpx.create_ssl_context()
        tls = self._tls if place.scheme == "https" else None
        line, loop = _Line(self._connected), asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: line, place.host, place.port, ssl=tls)
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error
        except asyncio.CancelledError:
            # It may have come about just then: nobody else knows of it, and uvloop does not tell that it has gone.
            line.hang_up()
            loop.call_soon(line.connection_lost, None)
            raise
        return line

    async def _asked(self, line: _Line, place: Place, method: bytes, question: bytes, seconds: float | None) -> Answer:
        is_whole = False
        try:
            async with _within(seconds, httpx.ReadTimeout):
                answer = await line.ask(method, question)
            is_whole = True
            return answer
        finally:
            # Whatever was broken off on it, a timeout or the caller's own end, must not meet the next one's answer.
            if is_whole and line.is_open and not self._is_closed:
                line.idle_since = asyncio.get_running_loop().time()
                self._idle.setdefault(place, []).append(line)
            else:
                line.hang_up()


class _within:  # noqa: N801 (reads as a phrase)
    """asyncio.timeout whose end is httpx's own error; nothing at all where there is no limit."""

    def __init__(self, seconds: float | None, fault: Callable[[str], httpx.TimeoutException]) -> None:
        self._timeout = None if seconds is None else asyncio.timeout(seconds)
        self._fault = fault

    async def __aenter__(self) -> None:
        if self._timeout is not None:
            await self._timeout.__aenter__()

    async def __aexit__(self, *ending: object) -> None:
        if self._timeout is None:
            return
        try:
            await self._timeout.__aexit__(*ending)  # type: ignore[arg-type]
        except TimeoutError as error:
            raise self._fault("no answer in time") from error
