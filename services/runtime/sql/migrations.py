"""Runs a service's Alembic migrations; <service>/migrations/env.py is three lines that call run_env."""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.runtime.sql.policies import EVERY_HOUSE
from services.runtime.sql.roles import grant_to

_INTEGRATIONS = Path(__file__).parents[2] / "integrations"
# Held to the transaction's end; the number means Balcon's migrations and nothing else.
_LOCK = text("SELECT pg_advisory_xact_lock(7205101)")


def package_of(service: str) -> str:
    """The package of a service by its name: services.<name>, or services.integrations.<name>."""
    is_integration = (_INTEGRATIONS / service).is_dir()
    return f"services.integrations.{service}" if is_integration else f"services.{service}"


def _folder(service: str) -> Path:
    module = import_module(package_of(service))
    return Path(str(module.__file__)).parent / "migrations"


def has_migrations(service: str) -> bool:
    """Whether the service keeps a database."""
    return (_folder(service) / "env.py").is_file()


def config_for(service: str, url: str) -> Config:
    """Alembic's configuration for one service and one database URL."""
    config = Config()
    config.set_main_option("script_location", str(_folder(service)))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


async def upgrade(service: str, url: str, revision: str = "head", *, role: str = "") -> None:
    """Brings the service's database at `url` (postgresql+asyncpg://, its owner's) to `revision`; all of it or nothing.

    Whoever comes at the same time waits, and finds the work done. `role` is let work on the rows.
    """
    engine = create_async_engine(url, poolclass=pool.NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(_LOCK)
            await connection.run_sync(_upgrade, service, url, revision)
            if role:
                await grant_to(connection, role)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, service: str, url: str, revision: str) -> None:
    config = config_for(service, url)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def run_env(metadata: MetaData) -> None:
    """The body of every env.py: migrate over the connection that was handed in, or over the configured URL."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _run(connection, metadata)
        return
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        message = "sqlalchemy.url is not set"
        raise ValueError(message)
    asyncio.run(_run_alone(url, metadata))


async def _run_alone(url: str, metadata: MetaData) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool)
    try:
        async with engine.begin() as own_connection:
            await own_connection.run_sync(_run, metadata)
    finally:
        await engine.dispose()


def _run(connection: Connection, metadata: MetaData) -> None:
    connection.execute(text(EVERY_HOUSE))
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
