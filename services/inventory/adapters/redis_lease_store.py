"""Nodes' leases in Redis: one small key each, ended by its TTL, and a register of who ever had one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from redis.exceptions import RedisError

from services.inventory.adapters.redis_connection import AnyRedis
from services.inventory.ports import NodeInfo, StoreUnavailable

REGISTER = "balcon:nodes"


class _Lease(msgspec.Struct, array_like=True, frozen=True):
    endpoint: str
    draining: bool
    load: float


class RedisLeaseStore:
    """See ports.LeaseStore."""

    def __init__(self, redis: AnyRedis) -> None:
        self._redis = redis

    @staticmethod
    def key(incarnation: str) -> str:
        """The lease of one process start."""
        return f"{{{incarnation}}}:lease"

    async def put(self, node: NodeInfo, ttl_ms: int) -> None:
        lease = msgspec.json.encode(_Lease(node.endpoint, node.draining, node.load))
        try:
            await self._redis.sadd(REGISTER, node.incarnation)
            if ttl_ms > 0:
                await self._redis.set(self.key(node.incarnation), lease, px=ttl_ms)
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(incarnation=node.incarnation) from error

    async def exists(self, incarnation: str) -> bool:
        try:
            return bool(await self._redis.exists(self.key(incarnation)))
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(incarnation=incarnation) from error

    async def live(self) -> Sequence[NodeInfo]:
        """See LeaseStore. Forgets the ended ones: who still lives registers again with its next renewal."""
        found = []
        try:
            registered = [bytes(name).decode() for name in await self._redis.smembers(REGISTER)]  # type: ignore[arg-type]
            for incarnation in sorted(registered):
                stored = await self._redis.get(self.key(incarnation))
                if stored is None:
                    await self._redis.srem(REGISTER, incarnation)
                    continue
                lease = msgspec.json.decode(stored, type=_Lease)
                found.append(NodeInfo(incarnation, lease.endpoint, lease.draining, lease.load))
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable from error
        return found

    async def drop(self, incarnation: str) -> None:
        try:
            await self._redis.delete(self.key(incarnation))
            await self._redis.srem(REGISTER, incarnation)
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(incarnation=incarnation) from error
