"""Row-level security: a connection's scope as settings of its transaction or session, for the policies to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeAlias, assert_never

import asyncpg
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from services.runtime.sql.scopes import AllHouses, HouseScope, Scope

# The execution option of an engine whose connections are ScopedConnections.
OPTION: Final = "balcon_row_security"

# What a session is set to: a scope, nothing, or whatever a broken off statement has left.
_Unknown: TypeAlias = str
_UNKNOWN: Final[_Unknown] = "unknown"

# After how many transactions of a connection its plans are made anew, for the first time.
FIRST_PLANS: Final = 16

_through_the_door: ContextVar[bool] = ContextVar("through_the_door", default=False)


class ScopedConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """The driver's connection; a transaction that begins on it makes `settings`, without which it sees no rows.

    Plans are for tables as large as they were, until somebody analyses them, and those that fill now were small: a plan
    that looks a row up among all of its house is as cheap as any then. So plans are made anew, and each time for twice
    as many transactions, for a table that grows has not grown to more than twice its size by then.
    """

    settings: str = ""
    _session: Scope | _Unknown | None = None
    _plans_last: int = FIRST_PLANS
    _begun: int = 0

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 (asyncpg's)
        """As asyncpg's; every transaction begins here, and its scope comes along in the same round trip."""
        if self.settings and not args and query.startswith("BEGIN"):
            query = f"{query} {self.settings}{self._replan()}"
        done: str = await super().execute(query, *args, timeout=timeout)
        return done

    def _replan(self) -> str:
        """In the same round trip: nothing is planned by it, each statement plans anew when it comes by."""
        self._begun += 1
        if self._begun < self._plans_last:
            return ""
        self._begun, self._plans_last = 0, 2 * self._plans_last
        return " DISCARD PLANS;"

    async def keep(self, scope: Scope | None) -> None:
        """The session is for `scope` until it is kept for another: a round trip, and none when it is so already."""
        if scope == self._session:
            return
        settings = settings_of(scope, local=False)
        # If this is broken off, nobody knows.
        self._session = _UNKNOWN
        await super().execute(settings)
        self._session = scope


def is_secured(engine: AsyncEngine) -> bool:
    """Whether the engine's connections carry a scope."""
    return OPTION in engine.get_execution_options()


@contextmanager
def through_the_door() -> Iterator[None]:
    """A connection that is taken within is given its scope by who takes it."""
    token = _through_the_door.set(True)
    try:
        yield
    finally:
        _through_the_door.reset(token)


def forget_scopes(engine: Engine) -> None:
    """What an earlier user's session was for is no matter of one that came past the door."""

    def forget(connection: DBAPIConnection, _: ConnectionPoolEntry, __: object) -> None:
        if not _through_the_door.get():
            connection.run_async(lambda driver: driver.keep(None))

    event.listen(engine, "checkout", forget)


@contextmanager
def row_secured(connection: AsyncConnection, scope: Scope) -> Iterator[None]:
    """Transactions that begin within are for `scope`."""
    driver = scoped(connection)
    driver.settings = settings_of(scope, local=True)
    try:
        yield
    finally:
        driver.settings = ""


def scoped(connection: AsyncConnection) -> ScopedConnection:
    """The driver's connection, just taken from the pool of a secured engine."""
    taken = connection.sync_connection
    assert taken is not None
    driver = taken.connection.driver_connection
    assert isinstance(driver, ScopedConnection)
    return driver


def settings_of(scope: Scope | None, *, local: bool) -> str:
    """The statements that make the settings, both of them: for the transaction or for the session."""
    command = "SET LOCAL" if local else "SET"
    match scope:
        case HouseScope(house_id):
            house, everywhere = _quoted(house_id), "''"
        case AllHouses():
            house, everywhere = "''", "'on'"
        case None:
            house, everywhere = "''", "''"
        case _:
            assert_never(scope)
    return f"{command} balcon.house_id TO {house}; {command} balcon.all_houses TO {everywhere};"


def _quoted(value: str) -> str:
    """A literal, whatever `standard_conforming_strings` says: ids come from callers. ValueError for what no text is."""
    if "\0" in value:
        message = "a house id has no NUL in it"
        raise ValueError(message)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"E'{escaped}'"
