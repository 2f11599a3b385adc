"""Nodes' leases in Redis: one small key each, ended by its TTL."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.inventory.ports import StoreUnavailable


class RedisLeaseStore:
    """See ports.LeaseStore."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    @staticmethod
    def key(incarnation: str) -> str:
        """The lease of one process start."""
        return f"{{{incarnation}}}:lease"

    async def put(self, incarnation: str, endpoint: str, ttl_ms: int) -> None:
        """See LeaseStore."""
        if ttl_ms <= 0:
            return
        try:
            await self._redis.set(self.key(incarnation), endpoint, px=ttl_ms)
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(incarnation=incarnation) from error

    async def exists(self, incarnation: str) -> bool:
        """See LeaseStore."""
        try:
            return bool(await self._redis.exists(self.key(incarnation)))
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(incarnation=incarnation) from error

    async def drop(self, incarnation: str) -> None:
        """See LeaseStore."""
        try:
            await self._redis.delete(self.key(incarnation))
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(incarnation=incarnation) from error
