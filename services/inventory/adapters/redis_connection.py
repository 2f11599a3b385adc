"""Connections to Redis or Valkey as houses run it: one server, Sentinel, or Cluster, chosen by URL.

redis://host:port/0, redis+sentinel://host:port,host:port/service, redis+cluster://host:port,host:port
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from services.runtime.errors import Fatal

AnyRedis = Redis | RedisCluster
CALL_SECONDS = 2.0
CONNECTIONS = 64


class RedisUrlInvalid(Fatal):
    """The Redis URL must be redis://, rediss://, redis+sentinel:// or redis+cluster:// with hosts and ports."""


def connect(url: str, *, timeout_seconds: float = CALL_SECONDS) -> AnyRedis:
    """A client whose calls end within `timeout_seconds`, with no retries of its own: appends are numbered, others wait.

    Raises RedisUrlInvalid. Nothing is opened until the first call.
    """
    parts = urlsplit(url)
    options: dict[str, Any] = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "password": unquote(parts.password) if parts.password else None,
        "username": unquote(parts.username) if parts.username else None,
    }
    if parts.scheme in {"redis", "rediss"}:
        retry = Retry(NoBackoff(), 0)
        return Redis.from_url(
            url,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=retry,
            max_connections=CONNECTIONS,
        )
    hosts = _hosts(parts.netloc)
    if parts.scheme == "redis+sentinel" and parts.path.strip("/"):
        return _by_sentinel(hosts, parts.path.strip("/"), options)
    if parts.scheme == "redis+cluster":
        nodes = [ClusterNode(host, port) for host, port in hosts]
        return RedisCluster(startup_nodes=nodes, retry=Retry(NoBackoff(), 1), **options)
    raise RedisUrlInvalid(scheme=parts.scheme)


def _by_sentinel(hosts: list[tuple[str, int]], service: str, options: dict[str, Any]) -> Redis:
    asked = {"socket_timeout": options["socket_timeout"], "socket_connect_timeout": options["socket_connect_timeout"]}
    sentinel = Sentinel(hosts, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
    master: Redis = sentinel.master_for(service, retry=Retry(NoBackoff(), 0), **options)
    return master


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
    if isinstance(redis, RedisCluster):
        for node in redis.get_primaries():
            await redis.execute_command("FUNCTION LOAD", "REPLACE", library, target_nodes=node)
        return
    await redis.function_load(library, replace=True)
