"""The one door to a database: connections with a scope, their transactions, and faults in Balcon's own words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.sql.faults import as_fault
from services.runtime.sql.row_security import is_secured, row_secured, setting_of
from services.runtime.sql.scopes import Scope

_AUTOCOMMIT: Final = "AUTOCOMMIT"
_after_commit: WeakKeyDictionary[AsyncConnection, list[Callable[[], None]]] = WeakKeyDictionary()


@asynccontextmanager
async def connected(engine: AsyncEngine, scope: Scope) -> AsyncIterator[AsyncConnection]:
    """A transaction over the rows of `scope`: committed at the block's end, rolled back by an exception.

    `await connection.rollback()` within leaves nothing, and nothing more may follow. Raises StoreUnavailable where the
    same work may succeed later, whatever said so; other errors as they are.
    """
    try:
        async with engine.connect() as connection:
            if not is_secured(engine):
                yield connection
            else:
                async with row_secured(connection, scope):
                    yield connection
            has_committed = connection.in_transaction()
            # A statement in autocommit has no COMMIT to wait for.
            if has_committed and engine.get_execution_options().get("isolation_level") != _AUTOCOMMIT:
                await connection.commit()
    except Exception as error:
        fault = as_fault(error)
        if fault is error:
            raise
        raise fault from error
    if has_committed:
        for act in _after_commit.pop(connection, ()):
            act()


def after_commit(connection: AsyncConnection, act: Callable[[], None]) -> None:
    """Calls `act` once the transaction of a connected() block is committed; never when it is not."""
    _after_commit.setdefault(connection, []).append(act)


def for_single_statements(engine: AsyncEngine) -> AsyncEngine:
    """The same pool, for connected(): each statement is a transaction, with no round trips for BEGIN and COMMIT.

    With row-level security it is the engine itself: a setting that is local to a transaction needs one.
    """
    return engine if is_secured(engine) else engine.execution_options(isolation_level=_AUTOCOMMIT)


def for_snapshots(engine: AsyncEngine) -> AsyncEngine:
    """The same pool, for connected(): all queries of a block see the same moment, and nothing can be written."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@asynccontextmanager
async def own_session(engine: AsyncEngine, scope: Scope) -> AsyncIterator[AsyncConnection]:
    """A session for locks and listeners that live as long as it; each statement is a transaction. Faults as connected.

    Whoever leaves something behind in it invalidates the connection.
    """
    try:
        async with engine.connect() as plain:
            connection = await plain.execution_options(isolation_level=_AUTOCOMMIT)
            if not is_secured(engine):
                yield connection
                return
            try:
                await connection.execute(text(setting_of(scope, local=False)))
                yield connection
            finally:
                await connection.invalidate()
    except Exception as error:
        fault = as_fault(error)
        if fault is error:
            raise
        raise fault from error
