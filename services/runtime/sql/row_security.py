"""Row-level security: the scope of a transaction as a setting, made in the round trip that begins the transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, assert_never

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.sql.scopes import AllHouses, HouseScope, Scope

# The execution option of an engine whose connections are ScopedConnections.
OPTION: Final = "balcon_row_security"

# A table's policy, USING and WITH CHECK. Two settings, so that no house id, whatever it is, stands for all houses.
# A setting that was made once reads as '' afterwards, never made as NULL: both match nothing.
POLICY: Final = (
    "house_id = current_setting('balcon.house_id', true) OR current_setting('balcon.all_houses', true) = 'on'"
)


class ScopedConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """The driver's connection; a transaction that begins on it makes `setting`, and without one sees no rows at all."""

    setting: str = ""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 (asyncpg's)
        """As asyncpg's; every transaction begins here."""
        if self.setting and not args and query.startswith("BEGIN"):
            query = f"{query} {self.setting}"
        done: str = await super().execute(query, *args, timeout=timeout)
        return done


def is_secured(engine: AsyncEngine) -> bool:
    """Whether the engine's connections carry a scope."""
    return OPTION in engine.get_execution_options()


@asynccontextmanager
async def row_secured(connection: AsyncConnection, scope: Scope) -> AsyncIterator[None]:
    """Transactions that begin within are for `scope`."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, ScopedConnection)
    driver.setting = setting_of(scope, local=True)
    try:
        yield
    finally:
        driver.setting = ""


def setting_of(scope: Scope, *, local: bool) -> str:
    """The statement that makes the setting: for the transaction or for the session."""
    command = "SET LOCAL" if local else "SET"
    match scope:
        case HouseScope(house_id):
            return f"{command} balcon.house_id TO {_quoted(house_id)};"
        case AllHouses():
            return f"{command} balcon.all_houses TO 'on';"
        case _:
            assert_never(scope)


def _quoted(value: str) -> str:
    """A literal, whatever `standard_conforming_strings` says: ids come from callers. ValueError for what no text is."""
    if "\0" in value:
        message = "a house id has no NUL in it"
        raise ValueError(message)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"E'{escaped}'"
