"""The one door to a database: connections with a scope, their transactions, and faults in Balcon's own words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.sql.faults import as_fault
from services.runtime.sql.row_security import is_secured, row_secured, scoped, through_the_door
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
        # A statement in autocommit has no BEGIN to bring the scope along, and no COMMIT to wait for.
        is_single = engine.get_execution_options().get("isolation_level") == _AUTOCOMMIT
        async with _taken(engine) as connection:
            if not is_secured(engine):
                yield connection
            elif is_single:
                await scoped(connection).keep(scope)
                yield connection
            else:
                with row_secured(connection, scope):
                    yield connection
            has_committed = connection.in_transaction()
            if has_committed and not is_single:
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

    The scope costs one where the connection's last single statement was for another.
    """
    return engine.execution_options(isolation_level=_AUTOCOMMIT)


def for_snapshots(engine: AsyncEngine) -> AsyncEngine:
    """The same pool, for connected(): all queries of a block see the same moment, and nothing can be written."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@asynccontextmanager
async def own_session(engine: AsyncEngine, scope: Scope) -> AsyncIterator[AsyncConnection]:
    """A session for locks and listeners that live as long as it; each statement is a transaction. Faults as connected.

    Whoever leaves something behind in it invalidates the connection.
    """
    try:
        async with _taken(engine) as plain:
            connection = await plain.execution_options(isolation_level=_AUTOCOMMIT)
            if is_secured(engine):
                await scoped(connection).keep(scope)
            yield connection
    except Exception as error:
        fault = as_fault(error)
        if fault is error:
            raise
        raise fault from error


@asynccontextmanager
async def _taken(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection of the pool, whose session may still be for an earlier user's scope."""
    async with AsyncExitStack() as stack:
        with through_the_door():
            connection = await stack.enter_async_context(engine.connect())
        yield connection
