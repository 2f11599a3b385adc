"""Reporting's migrations: from empty to head, and head is what the code's tables say (style rule 14)."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from services.reporting.adapters.tables import metadata
from services.runtime.sql.migrations import config_for, upgrade
from services.runtime.testing.servers import DatabaseUrl, as_owner


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


async def test_empty_to_head_is_what_the_tables_say(database_url: DatabaseUrl) -> None:
    url = database_url()
    await upgrade("reporting", url)
    engine = as_owner(url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        serving = await connection.execute(text("SELECT generation FROM generations WHERE serving"))
        assert [row.generation for row in serving] == [1]
    await engine.dispose()


async def test_head_can_be_taken_back(database_url: DatabaseUrl) -> None:
    url = database_url("reporting")
    engine = as_owner(url)
    async with engine.begin() as connection:

        def take_back(connection: Connection) -> None:
            config = config_for("reporting", url)
            config.attributes["connection"] = connection
            command.downgrade(config, "base")

        await connection.run_sync(take_back)
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        assert set(names) <= {"alembic_version"}
    await engine.dispose()
