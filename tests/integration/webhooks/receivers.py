"""Receivers of webhooks that are not ours: each verifies with the standard's own library, and may misbehave."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from services.runtime.http_server import HttpServer


@dataclass(frozen=True, slots=True)
class Received:
    """One question as it came."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """What the standard's own library makes of it; raises WebhookVerificationError."""
        return Webhook(secret).verify(self.body, dict(self.headers))


@dataclass(frozen=True, slots=True)
class Says:
    """How a receiver answers once. `drips`: a byte now and then, for ever."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    drips: bool = False


class Receivers:
    """Any number of them, one a path: /name."""

    def __init__(self) -> None:
        routes = [Route("/{name:path}", self._take, methods=["POST", "GET"])]
        self._server = HttpServer(Starlette(routes=routes), host="127.0.0.1", port=0, grace_seconds=1)
        self.received: defaultdict[str, list[Received]] = defaultdict(list)
        # The next answers, and what is answered when there are none of these.
        self.script: defaultdict[str, deque[Says]] = defaultdict(deque)
        self.always: dict[str, Says] = {}
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        self._stopping.set()
        await self._server.stop()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.port}/{name}"

    def ids(self, name: str) -> Counter[str]:
        """How often each event came."""
        return Counter(one.event_id for one in self.received[name])

    async def _take(self, request: Request) -> Response:
        name = request.path_params["name"]
        body = await request.body()
        self.received[name].append(Received(dict(request.headers), body))
        script = self.script[name]
        says = script.popleft() if script else self.always.get(name, Says())
        if says.drips:
            return StreamingResponse(self._drip(), status_code=200)
        return Response(says.body, says.status, dict(says.headers))

    async def _drip(self) -> AsyncIterator[bytes]:
        while not self._stopping.is_set():
            yield b"."
            try:
                async with asyncio.timeout(0.05):
                    await self._stopping.wait()
            except TimeoutError:
                continue
