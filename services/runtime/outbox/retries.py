"""How long to wait before trying again, and which SQL errors are worth it. Knows no event and no bus."""

from __future__ import annotations

import zlib

from asyncpg import InternalClientError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.runtime.errors import Retryable
from services.runtime.ids import seeded_random

# SQLSTATE classes that pass by themselves: connection, rollback (deadlock, serialisation), resources, operator, system.
_PASSING = ("08", "40", "53", "57", "58")
_STATEMENT_TIMEOUT = "57014"  # of class 57, but the statement's own fault
_LOCK_NOT_AVAILABLE = "55P03"


class Backoff:
    """Waits that double from `first_seconds` to `last_seconds`, each cut by up to half so that few march in step."""

    def __init__(self, first_seconds: float, last_seconds: float, *, seed: str) -> None:
        self._first_seconds = first_seconds
        self._last_seconds = last_seconds
        self._random = seeded_random(zlib.crc32(seed.encode()))
        self._tries = 0

    @property
    def tries(self) -> int:
        """How often next_seconds was asked since the last reset."""
        return self._tries

    def next_seconds(self) -> float:
        """The wait before the next try."""
        full = min(self._first_seconds * float(2 ** min(self._tries, 30)), self._last_seconds)
        self._tries += 1
        return full * (0.5 + self._random.random() / 2)

    def reset(self) -> None:
        """It worked."""
        self._tries = 0


def passes(error: BaseException) -> bool:
    """Whether the same work may succeed later: the fault is not in the event."""
    # InternalClientError is what a pooled connection says that the server ended meanwhile.
    if isinstance(error, Retryable | OSError | TimeoutError | PoolTimeout | InternalClientError):
        return True
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        if state == _STATEMENT_TIMEOUT:
            return False
        return error.connection_invalidated or state == _LOCK_NOT_AVAILABLE or state.startswith(_PASSING)
    return False
