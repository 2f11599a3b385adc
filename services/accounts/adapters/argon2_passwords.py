"""Passwords by argon2id (RFC 9106) in a few threads of their own: the event loop and other calls go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.runtime.errors import Retryable

T = TypeVar("T")


class HasherBusy(Retryable):
    """Too many passwords wait to be compared."""

    retry_after_ms = 1_000


@dataclass(frozen=True, slots=True)
class HasherLimits:
    """`memory_kib` is taken by each of `threads` at once; more than `most_waiting` are told to come again."""

    time_cost: int
    memory_kib: int
    threads: int
    most_waiting: int


class Argon2Passwords:
    """See Passwords."""

    def __init__(self, limits: HasherLimits) -> None:
        self._hasher = PasswordHasher(time_cost=limits.time_cost, memory_cost=limits.memory_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="passwords")
        self._room = limits.threads + limits.most_waiting
        # What nobody's password is compared with: made as all others are, so that comparing takes as long.
        self._nobodys = self._hasher.hash("nobody")

    async def hashed(self, password: str) -> str:
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """See Passwords.matches."""
        known = self._nobodys if password_hash is None else password_hash
        is_right = await self._in_thread(lambda: self._verified(known, password))
        return is_right and password_hash is not None

    def _verified(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, password_hash: str) -> bool:
        """See Passwords.is_outdated."""
        return self._hasher.check_needs_rehash(password_hash)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._room <= 0:
            raise HasherBusy
        self._room -= 1
        done = asyncio.get_running_loop().run_in_executor(self._pool, work)
        # Not when the caller goes away: the thread works on, and takes its room until it has finished.
        done.add_done_callback(self._leave)
        return await asyncio.shield(done)

    def _leave(self, done: asyncio.Future[T]) -> None:
        self._room += 1
        if not done.cancelled():
            done.exception()

    async def close(self) -> None:
        """Lets what is under way end."""
        await asyncio.to_thread(self._pool.shutdown)
