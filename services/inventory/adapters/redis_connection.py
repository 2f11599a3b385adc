"""Connections to Redis or Valkey as houses run it: one server, Sentinel, or Cluster, chosen by URL.

redis://host:port/0, redis+sentinel://host:port,host:port/service, redis+cluster://host:port,host:port
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, Sentinel
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from services.inventory.adapters.redis_cluster import ClusterClient
from services.runtime.errors import Fatal

CALL_SECONDS = 2.0
CONNECTIONS = 64


class RedisUrlInvalid(Fatal):
    """The Redis URL must be redis://, rediss://, redis+sentinel:// or redis+cluster:// with hosts and ports."""


class BoundedRedis(Redis):
    """A client whose calls end within `call_seconds`, whatever it takes: finding the master, connecting, waiting."""

    call_seconds = CALL_SECONDS
    asked_sentinels: Sentinel | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """One command, sent once. Raises RedisError or TimeoutError.

        The client's own way adds retries, hooks and a timer for each read and write: a third of a call's time.
        """
        async with asyncio.timeout(self.call_seconds):
            connection = await self.connection_pool.get_connection()  # type: ignore[no-untyped-call]
            try:
                await connection.send_command(*args)
                return await self.parse_response(connection, args[0], **options)
            finally:
                await self.connection_pool.release(connection)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Closes every connection, those to the sentinels too."""
        await super().aclose(close_connection_pool)
        if self.asked_sentinels is not None:
            await self.asked_sentinels.aclose()


AnyRedis = Redis | ClusterClient


def connect(url: str, *, timeout_seconds: float = CALL_SECONDS) -> AnyRedis:
    """A client whose calls end within `timeout_seconds`, with no retries of its own: appends are numbered, others wait.

    Raises RedisUrlInvalid. Nothing is opened until the first call.
    """
    parts = urlsplit(url)
    if parts.scheme in {"redis", "rediss"}:
        return _bounded(
            BoundedRedis.from_url(
                url, max_connections=CONNECTIONS, socket_connect_timeout=timeout_seconds, retry=_never()
            ),
            timeout_seconds,
        )
    hosts = _hosts(parts.netloc)
    options: dict[str, Any] = {
        "password": unquote(parts.password) if parts.password else None,
        "username": unquote(parts.username) if parts.username else None,
        "max_connections": CONNECTIONS,
    }
    if parts.scheme == "redis+sentinel" and parts.path.strip("/"):
        # Sentinels are asked once each, too: redis-py's own patience with a silent one is far beyond a call's time.
        share = timeout_seconds / (len(hosts) + 1)
        asked = {"socket_timeout": share, "socket_connect_timeout": share, "retry": _never()}
        sentinel = Sentinel(hosts, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
        service = parts.path.strip("/")
        master = _bounded(
            sentinel.master_for(
                service,
                redis_class=BoundedRedis,
                socket_connect_timeout=timeout_seconds,
                retry=_never(),
                **options,
            ),
            timeout_seconds,
        )
        master.asked_sentinels = sentinel
        return master
    if parts.scheme == "redis+cluster":
        return ClusterClient(hosts, call_seconds=timeout_seconds, **options)
    raise RedisUrlInvalid(scheme=parts.scheme)


def _never() -> Retry:
    return Retry(NoBackoff(), 0)


def _bounded(client: Redis, call_seconds: float) -> BoundedRedis:
    assert isinstance(client, BoundedRedis)
    client.call_seconds = call_seconds
    return client


def _hosts(netloc: str) -> list[tuple[str, int]]:
    found = []
    for address in netloc.rpartition("@")[2].split(","):
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit():
            raise RedisUrlInvalid(address=address)
        found.append((host, int(port)))
    return found


async def load_library(redis: AnyRedis, library: str) -> None:
    """Loads a function library wherever keys may be. Loading what is there already is fine."""
    if isinstance(redis, ClusterClient):
        await redis.load_everywhere(library)
        return
    await redis.function_load(library, replace=True)
