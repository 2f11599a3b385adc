"""Async SQLAlchemy engines with the settings every service wants."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

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


def create_engine(url: str, *, application: str, pool_size: int = 8) -> AsyncEngine:
    """An engine for a postgresql+asyncpg:// URL; at most `pool_size` connections, closed ones replaced before use."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        # An error's text goes into logs, and parameters may be a buyer's name.
        hide_parameters=True,
        connect_args={
            "timeout": 5,
            "command_timeout": 30,
            "server_settings": {
                "application_name": application,
                "statement_timeout": "30000",
                "idle_in_transaction_session_timeout": "30000",
                "timezone": "UTC",
            },
        },
    )
    # Not pool_pre_ping: asyncpg's ping is BEGIN, a query and ROLLBACK, three round trips before each short transaction.
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: DBAPIConnection, _record: object, _fairy: object) -> None:
    """The pool opens a fresh connection instead (Postgres was restarted meanwhile)."""
    driver: Any = connection.driver_connection
    if driver is None or driver.is_closed():
        raise DisconnectionError
