"""Lines between two parties that speak HTTP: they pass it on, or lose, break, drip, hold and repeat it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from services.runtime.clock import SystemClock
from services.runtime.http_server import HttpServer

_HOPS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_CLOCK: Final = SystemClock()
# Longer than whoever asks has patience; they hang up first.
_SILENCE_SECONDS: Final = 20.0


class Fault(Enum):
    """What happens to one question."""

    LOST_BEFORE = "timeout before the effect"
    LOST_AFTER = "timeout after the effect"
    BROKEN = "500"
    DRIPS = "slow loris"


@dataclass(frozen=True, slots=True)
class Passed:
    """One request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Line:
    """To `target`. A fault is for questions that match, so many times; it is a fault only if it was `met`."""

    def __init__(self) -> None:
        self.target = ""
        self.met = 0
        self.passed: list[Passed] = []
        self._fault: Fault | None = None
        self._matches = re.compile("")
        self._times = 0
        self._http = httpx.AsyncClient(timeout=60, trust_env=False)
        methods = ["GET", "POST", "PATCH", "DELETE"]
        app = Starlette(routes=[Route("/{path:path}", self._serve, methods=methods)])
        self.server = HttpServer(app, host="127.0.0.1", port=0, grace_seconds=0)

    @property
    def url(self) -> str:
        """Where it is once it was started."""
        return f"http://127.0.0.1:{self.server.port}"

    async def close(self) -> None:
        """Lets everything go."""
        await self.server.stop()
        await self._http.aclose()

    def break_for(self, fault: Fault, matches: str = "", times: int = 1_000_000) -> None:
        """`matches`: a pattern of "METHOD /path"."""
        self._fault, self._matches, self._times, self.met = fault, re.compile(matches), times, 0

    def mend(self) -> None:
        """Everything is passed on again."""
        self._fault = None

    async def pass_on(self, passed: Passed) -> httpx.Response:
        """Sends it to the target."""
        headers = {name: value for name, value in passed.headers.items() if name not in _HOPS}
        return await self._http.request(passed.method, self.target + passed.path, headers=headers, content=passed.body)

    async def _serve(self, request: Request) -> Response:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        passed = Passed(request.method, path, dict(request.headers), await request.body())
        self.passed.append(passed)
        return await self.answer(passed)

    async def answer(self, passed: Passed) -> Response:
        """By the fault of the moment."""
        fault = self._fault if self._times and self._matches.search(f"{passed.method} {passed.path}") else None
        if fault is not None:
            self.met += 1
            self._times -= 1
        match fault:
            case Fault.LOST_BEFORE:
                return StreamingResponse(_silence())
            case Fault.LOST_AFTER:
                await self.pass_on(passed)
                return StreamingResponse(_silence())
            case Fault.BROKEN:
                return Response(b'{"error": {"type": "api_error", "code": "internal_error"}}', 500)
            case Fault.DRIPS:
                return StreamingResponse(_drip())
            case None:
                told = await self.pass_on(passed)
                headers = {name: value for name, value in told.headers.items() if name not in _HOPS}
                return Response(told.content, told.status_code, headers)


async def _silence() -> AsyncIterator[bytes]:
    await _CLOCK.sleep(_SILENCE_SECONDS)
    yield b""


async def _drip() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await _CLOCK.sleep(0.02)


class Post(Enum):
    """What becomes of webhooks on their way."""

    DELIVERED = "delivered"
    LOST = "lost"
    TWICE = "twice"
    HELD = "held"


class Webhooks(Line):
    """From providers to payments."""

    def __init__(self) -> None:
        super().__init__()
        self.post = Post.DELIVERED
        self.held: list[Passed] = []

    async def answer(self, passed: Passed) -> Response:
        """Whoever loses or holds one says that it came: the sender must not send again."""
        match self.post:
            case Post.HELD:
                self.held.append(passed)
                return Response(b"{}", 200)
            case Post.LOST:
                return Response(b"{}", 200)
            case Post.TWICE:
                await self.pass_on(passed)
                return await super().answer(passed)
            case Post.DELIVERED:
                return await super().answer(passed)
