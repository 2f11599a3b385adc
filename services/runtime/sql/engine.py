"""Async SQLAlchemy engines with the settings every service wants."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, MetaData, event
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from services.runtime.sql.roles import refuse_bypass
from services.runtime.sql.row_security import OPTION, ScopedConnection, forget_scopes
from services.runtime.telemetry.metrics import POOL_CONNECTIONS, POOL_SIZE

# A statement that takes longer is cancelled; one that is not answered for so long has lost its connection.
COMMAND_SECONDS = 30.0

# What every connection begins with.
SESSION = {"statement_timeout": "30000", "idle_in_transaction_session_timeout": "30000", "timezone": "UTC"}

# For statements that find rows by their keys. A planner that knows nothing of a table yet, or of how many rows an array
# has, joins them by reading all of the table, and keeps such a plan while the table grows. And what is planned once
# takes every index that it may, unless a parameter would have to prove that a partial one fits: write such a value out.
BY_KEY = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # A plan that has to read all of a small table has the price of a forbidden one, and would be compiled for it.
    "jit": "off",
}

# Names of constraints follow one rule, so that migrations and models agree.
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """An empty MetaData with Balcon's constraint names; one per service."""
    return MetaData(naming_convention=NAMING)


def create_engine(
    url: str,
    *,
    application: str,
    pool_size: int = 8,
    silence_seconds: float = COMMAND_SECONDS,
    row_security: bool = True,
    may_bypass: bool = True,
    by_key: bool = False,
) -> AsyncEngine:
    """An engine for a postgresql+asyncpg:// URL; at most `pool_size` connections, closed ones replaced before use.

    After `silence_seconds` without an answer a command raises TimeoutError, and all connections of then are replaced.
    With `row_security` each transaction of connected() tells the database its scope, for policies to look at; unless it
    `may_bypass` them, a role that could raises RoleCanBypass. `by_key`: its statements find rows by indexes, and are
    planned once; what looks through whole tables wants an engine of its own (decision 0057).
    """
    scoped = {"connection_class": ScopedConnection} if row_security else {}
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        # The connection that was used last: its statements are planned and its caches warm, here and in the server.
        pool_use_lifo=True,
        # An error's text goes into logs, and parameters may be a buyer's name.
        hide_parameters=True,
        execution_options={OPTION: True} if row_security else {},
        connect_args={
            "timeout": 5,
            "command_timeout": silence_seconds,
            "server_settings": {"application_name": application, **SESSION, **(BY_KEY if by_key else {})},
            **scoped,
        },
    )
    # Not pool_pre_ping: asyncpg's ping is BEGIN, a query and ROLLBACK, three round trips before each short transaction.
    _Trust().watch(engine.sync_engine)
    if row_security:
        forget_scopes(engine.sync_engine)
    if not may_bypass:
        refuse_bypass(engine.sync_engine)
    pool = engine.sync_engine.pool
    assert isinstance(pool, QueuePool)
    POOL_SIZE.labels(application).set(pool_size)
    POOL_CONNECTIONS.labels(application).set_function(pool.checkedout)
    return engine


class _Trust:
    """Which of a pool's connections may be used: open ones, made since the last that was silent.

    A firewall that forgets connections forgets them all; waiting for each in turn would take minutes.
    """

    def __init__(self) -> None:
        self._generation = 0

    def watch(self, engine: Engine) -> None:
        """Listens to the engine and its pool."""
        event.listen(engine, "connect", self._note_birth)
        event.listen(engine, "checkout", self._refuse_dead)
        event.listen(engine, "handle_error", self._suspect_silent)

    def _note_birth(self, _: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info["generation"] = self._generation

    def _refuse_dead(self, connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
        """The pool opens a fresh connection instead."""
        driver: Any = connection.driver_connection
        if driver is None or driver.is_closed():
            raise DisconnectionError
        if record.info["generation"] != self._generation:
            driver.terminate()
            raise DisconnectionError

    def _suspect_silent(self, context: ExceptionContext) -> None:
        if not isinstance(context.original_exception, TimeoutError):
            return
        self._generation += 1
        if context.connection is not None and not context.connection.invalidated:
            # At once: a polite goodbye would be waited for too.
            driver: Any = context.connection.connection.driver_connection
            driver.terminate()
        context.is_disconnect = True
        # The pool would say goodbye to the others; _refuse_dead does not.
        context.invalidate_pool_on_disconnect = False
