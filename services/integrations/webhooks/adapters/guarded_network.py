"""Connections to public addresses only (SSRF): a name is resolved, every address looked at, and one of them used.

Names are asked at each connection, and the address that was looked at is the one that is used: a name that answers
otherwise a moment later gains nothing. TLS and the Host header keep the name.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpcore
import httpx

from services.integrations.webhooks.domain.addresses import is_allowed
from services.integrations.webhooks.ports.names import Names, NameUnknown

# The resolver of the machine blocks a thread a question. A name whose servers are silent keeps one for long.
_RESOLVER_THREADS: Final = 64
_RESOLVE_SECONDS: Final = 5.0
_ADDRESSES_TRIED: Final = 4


class AddressRefused(OSError):
    """The name leads to an address that nothing may be sent to."""


class SystemNames:
    """See Names: the machine's own resolver, on threads that nobody else waits for."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="names")

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        asking = asyncio.get_running_loop().run_in_executor(self._threads, _resolved, host, port)
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                return await asking
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
            raise NameUnknown(host) from error

    def close(self) -> None:
        """Waits for nobody."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _resolved(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to what `names` answer, if all of it is allowed; `loopback`: to this machine itself as well."""

    def __init__(self, names: Names, *, loopback: bool, inner: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._names = names
        self._loopback = loopback
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the library's own interface)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises AddressRefused and httpcore.ConnectError."""
        try:
            found = await self._names.addresses(host, port)
        except NameUnknown as error:
            message = "the name is not known"
            raise httpcore.ConnectError(message) from error
        # One address that is not public among others is enough: whoever sets up such a name chooses the order.
        if not found or not all(is_allowed(address, loopback=self._loopback) for address in found):
            raise AddressRefused
        last = httpcore.ConnectError("no address")
        for address in found[:_ADDRESSES_TRIED]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = httpcore.ConnectError(str(error))
        raise last

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise AddressRefused

    async def sleep(self, seconds: float) -> None:
        """See AsyncNetworkBackend."""
        await self._inner.sleep(seconds)


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx over a GuardedBackend. Connections are kept by name, so none is ever used for another name's TLS."""

    def __init__(self, backend: GuardedBackend, *, connections: int) -> None:
        super().__init__(trust_env=False)
        # The library lets nobody hand in a backend; a test tells if this name ever means something else.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=connections,
            max_keepalive_connections=connections // 10,
            keepalive_expiry=5.0,
            network_backend=backend,
        )
