"""Migrations from empty to head and back, alike for every service: head is what its tables say (style rule 14)."""

from __future__ import annotations

from importlib import import_module

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, MetaData, inspect, text

from services.runtime.sql.migrations import config_for, package_of, upgrade
from services.runtime.testing.servers import DatabaseUrl, as_owner

# Orders and payments are looked at in files of their own, with what their migrations carry over.
SERVICES = (
    "accounts",
    "catalogue",
    "customers",
    "inventory",
    "mailchimp",
    "podiumkunst",
    "reporting",
    "ticketing",
    "trackers",
    "webhooks",
)


def tables_of(service: str) -> MetaData:
    metadata = import_module(f"{package_of(service)}.adapters.tables").metadata
    assert isinstance(metadata, MetaData)
    return metadata


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """The job queue's tables are its library's own."""
    return kind != "table" or not str(name).startswith(("procrastinate_", "job_migrations"))


def differences(connection: Connection, metadata: MetaData) -> list[object]:
    opts = {"compare_type": True, "include_name": is_ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=opts), metadata))


def check_names(connection: Connection, metadata: MetaData) -> set[object]:
    """Alembic does not compare check constraints."""
    inspector = inspect(connection)
    return {found["name"] for table in metadata.tables for found in inspector.get_check_constraints(table)}


@pytest.mark.parametrize("service", SERVICES)
async def test_empty_to_head_is_what_the_tables_say(database_url: DatabaseUrl, service: str) -> None:
    url, metadata = database_url(), tables_of(service)
    await upgrade(service, url)
    engine = as_owner(url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences, metadata) == []
        declared = {
            constraint.name
            for table in metadata.tables.values()
            for constraint in table.constraints
            if isinstance(constraint, CheckConstraint)
        }
        assert await connection.run_sync(check_names, metadata) == declared
    await engine.dispose()


@pytest.mark.parametrize("service", SERVICES)
async def test_head_can_be_taken_back(database_url: DatabaseUrl, service: str) -> None:
    url = database_url(service)
    engine = as_owner(url)
    async with engine.begin() as connection:

        def take_back(connection: Connection) -> None:
            config = config_for(service, url)
            config.attributes["connection"] = connection
            command.downgrade(config, "base")

        await connection.run_sync(take_back)
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        assert set(names) <= {"alembic_version"}
        left = (
            "SELECT proname FROM pg_proc WHERE proname LIKE 'procrastinate%' "
            "UNION ALL SELECT typname FROM pg_type WHERE typname LIKE 'procrastinate%'"
        )
        assert (await connection.execute(text(left))).all() == []
    await engine.dispose()
