"""What the doubles of outside companies have in common: real HTTP, a log of requests, and misbehaviour on demand."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.runtime.http_server import HttpServer, read_body

_MOST_BODY_BYTES = 16_000_000
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: str
    # Names in lower case.
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Spoiled:
    """An answer that is given instead of the company's own, once."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    # The request has its whole effect first: only the answer is lost.
    after_effect: bool = False


SERVER_ERROR = Spoiled(500, b"<html><body>Something went wrong</body></html>", {"content-type": "text/html"})


class Company:
    """A company's API between `async with` and its end. Subclasses answer what is asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        # Every request fails while it is set.
        self.down: Spoiled | None = None
        self.spoiled: deque[Spoiled] = deque()
        # Cleared, no request is answered until it is set again.
        self.answering = asyncio.Event()
        self.answering.set()
        self.app = Starlette(routes=[Route("/{path:path}", self._serve, methods=list(_METHODS))])
        self.http = HttpServer(self.app, host="127.0.0.1", port=0, grace_seconds=0)

    @property
    def url(self) -> str:
        """Where it is; known once it serves."""
        return f"http://127.0.0.1:{self.http.port}"

    def spoil(self, *answers: Spoiled) -> None:
        """The next requests get these, one each."""
        self.spoiled.extend(answers)

    def asked_at(self, part: str) -> Sequence[Asked]:
        """The requests whose path has this in it."""
        return [asked for asked in self.asked if part in asked.path]

    async def __aenter__(self) -> Self:
        await self.http.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.answering.set()
        await self.http.stop()

    async def answer(self, asked: Asked) -> Response:
        """The company's own answer."""
        raise NotImplementedError

    async def _serve(self, request: Request) -> Response:
        body = await read_body(request, _MOST_BODY_BYTES)
        asked = Asked(request.method, request.url.path, request.url.query, dict(request.headers), body or b"")
        self.asked.append(asked)
        await self.answering.wait()
        spoiled = self.down or (self.spoiled.popleft() if self.spoiled else None)
        if spoiled is None:
            return await self.answer(asked)
        if spoiled.after_effect:
            await self.answer(asked)
        return Response(spoiled.body, spoiled.status, dict(spoiled.headers))


@contextlib.asynccontextmanager
async def holding(company: Company) -> AsyncIterator[None]:
    """The company takes requests and answers none until the end."""
    company.answering.clear()
    try:
        yield
    finally:
        company.answering.set()
