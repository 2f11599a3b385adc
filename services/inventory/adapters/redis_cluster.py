"""A Cluster client that fails as the one for a single server does: in time, after one sending, with RedisError only.

Keys decide where a command goes. It never reads from replicas, and it knows nothing of what is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException, RedisError

# A node that says nothing costs this share of a call's time: the rest is for asking another one where the slots are.
_SHARE_OF_ONE_NODE = 0.5
# Each refresh of the map reconnects to every node: calls to a dead one, sent again and again, must not keep doing that.
_REFRESH_SECONDS = 0.25
# In the map of slots there is no such node, or no map: redis-py looks things up that a refresh is replacing.
_UNSETTLED = (RedisClusterException, LookupError, AttributeError)


class ClusterUnsettled(RedisConnectionError):
    """No reachable node knows who has the slot now. What was sent may have been done."""


class _NoCommandTable:
    """In place of redis-py's: with each map it would ask for COMMAND, some 200 kB, to find out where keys stand."""

    async def initialize(self, node: ClusterNode | None = None) -> None:
        """Nothing to know."""


class ClusterClient(RedisCluster):
    """Each call ends within `call_seconds`, redirections (MOVED, ASK: certainly nothing done) included.

    A lost connection or a timeout is raised after the first sending, never answered by another: appends are numbered
    and sent again by who numbers them (RULE 13).
    """

    def __init__(self, hosts: Sequence[tuple[str, int]], *, call_seconds: float, **options: Any) -> None:
        super().__init__(
            startup_nodes=[ClusterNode(host, port) for host, port in hosts],
            retry=Retry(NoBackoff(), 0),
            socket_timeout=call_seconds * _SHARE_OF_ONE_NODE,
            socket_connect_timeout=call_seconds * _SHARE_OF_ONE_NODE,
            # Otherwise every fifth MOVED closes the connections that other calls are waiting on.
            reinitialize_steps=0,
            **options,
        )
        self.commands_parser = _NoCommandTable()  # type: ignore[assignment]
        self._call_seconds = call_seconds
        self._silent_node: str | None = None
        self._refreshed_at = float("-inf")

    async def initialize(
        self,
        additional_startup_nodes_info: list[tuple[str, int]] | None = None,
        last_failed_node_name: str | None = None,
    ) -> ClusterClient:
        """Asks for the map of slots if it is unknown or doubted; last of all the node that failed."""
        if not self._initialize:
            return self
        now = asyncio.get_running_loop().time()
        if now - self._refreshed_at < _REFRESH_SECONDS and self.nodes_manager.default_node is not None:
            self._initialize = False
            return self
        try:
            await super().initialize(additional_startup_nodes_info, last_failed_node_name or self._silent_node)  # type: ignore[unused-awaitable]  # itself
        except _UNSETTLED as error:
            raise ClusterUnsettled(str(error)) from error
        self._refreshed_at = now
        return self

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """One command. Raises RedisError or TimeoutError."""
        async with asyncio.timeout(self._call_seconds):
            # Before the choice of a node, which redis-py makes by chance while it has no map.
            await self.initialize()  # type: ignore[unused-awaitable]  # itself
            try:
                return await super().execute_command(*args, **kwargs)
            except _UNSETTLED as error:
                self._initialize = True
                raise ClusterUnsettled(str(error)) from error
            except RedisError as error:
                self._silent_node = getattr(error, "last_failed_node_name", None)
                raise

    async def _determine_slot(self, command: str, *args: Any) -> int:
        # FCALL function count key ...; of every other command in use the first argument is the only key. For FCALL
        # redis-py would send COMMAND GETKEYS first, with the whole batch, to some node.
        return int(self.keyslot(args[2] if command == "FCALL" else args[0]))

    async def aclose(self) -> None:
        """Closes every connection, also while the map is in doubt, when redis-py would close none."""
        await super().aclose()
        await self.nodes_manager.aclose()
        await self.nodes_manager.aclose("startup_nodes")

    async def load_everywhere(self, library: str) -> None:
        """FUNCTION LOAD on every master; their replicas get it from them. Raises when not one of them took it.

        A master that cannot be reached must not keep the others without it: who needs it there loads it again.
        """
        async with asyncio.timeout(self._call_seconds):
            await self.initialize()  # type: ignore[unused-awaitable]  # itself
        done = await asyncio.gather(
            *(
                self.execute_command("FUNCTION LOAD", "REPLACE", library, target_nodes=node)
                for node in self.get_primaries()
            ),
            return_exceptions=True,
        )
        failed = [answer for answer in done if isinstance(answer, BaseException)]
        if failed and len(failed) == len(done):
            raise failed[0]
