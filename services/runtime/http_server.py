"""An HTTP server inside a service's own event loop, with bounded bodies. Handles no signals."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp

_BACKLOG = 1024
_KEEP_ALIVE_SECONDS = 30


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the service."""
        yield


class HttpServer:
    """Serves an ASGI app from start() to stop(). `port` is known after start()."""

    def __init__(
        self, app: ASGIApp, *, host: str, port: int, grace_seconds: float, most_connections: int = 2_000
    ) -> None:
        self._host = host
        self.port = port
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                http="h11",
                ws="none",
                server_header=False,
                limit_concurrency=most_connections,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                # A handler that never ends must not keep the process. Whole seconds: uvicorn wants them.
                timeout_graceful_shutdown=max(1, round(grace_seconds)),
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Binds and serves. OSError when the port is taken."""
        listener = socket.create_server((self._host, self.port), backlog=_BACKLOG)
        self.port = int(listener.getsockname()[1])
        self._server.config.load()
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="http-server")

    async def stop(self) -> None:
        """Takes no new connections, waits the grace for requests in flight, then cuts them."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


async def read_body(request: Request, limit_bytes: int) -> bytes | None:
    """The request's body, None when it is larger than the limit; no more than the limit is ever kept."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit_bytes:
        return None
    body = bytearray()
    with contextlib.suppress(ClientDisconnect):
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit_bytes:
                return None
    return bytes(body)
