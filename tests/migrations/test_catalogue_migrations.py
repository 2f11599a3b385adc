"""The catalogue's migrations: from empty to head, and head is what the code's tables say (style rule 14)."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, inspect, text

from services.catalogue.adapters.tables import metadata
from services.runtime.sql.migrations import config_for, upgrade
from services.runtime.testing.servers import DatabaseUrl, as_owner


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


def check_names(connection: Connection) -> set[object]:
    """Alembic does not compare check constraints."""
    inspector = inspect(connection)
    return {found["name"] for table in metadata.tables for found in inspector.get_check_constraints(table)}


async def test_empty_to_head_is_what_the_tables_say(database_url: DatabaseUrl) -> None:
    url = database_url()
    await upgrade("catalogue", url)
    engine = as_owner(url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        declared = {
            constraint.name
            for table in metadata.tables.values()
            for constraint in table.constraints
            if isinstance(constraint, CheckConstraint)
        }
        assert await connection.run_sync(check_names) == declared
    await engine.dispose()


async def test_head_can_be_taken_back(database_url: DatabaseUrl) -> None:
    url = database_url("catalogue")
    engine = as_owner(url)
    async with engine.begin() as connection:

        def take_back(connection: Connection) -> None:
            config = config_for("catalogue", url)
            config.attributes["connection"] = connection
            command.downgrade(config, "base")

        await connection.run_sync(take_back)
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        assert set(names) <= {"alembic_version"}
    await engine.dispose()


async def test_houses_of_the_first_release_become_copies_older_than_whatever_accounts_tells(
    database_url: DatabaseUrl,
) -> None:
    url = database_url()
    await upgrade("catalogue", url, "0002")
    engine = as_owner(url)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO houses (house_id, label, name, time_zone, currency, created_at_ms)"
                " VALUES ('hse_1', 'oslo', 'Oslo', 'Europe/Oslo', 'NOK', 5)"
            )
        )
    await upgrade("catalogue", url)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', false)"))
        query = text("SELECT house_id, label, name, time_zone, currency, languages, revision FROM houses")
        rows = [tuple(row) for row in await connection.execute(query)]
    await engine.dispose()
    assert rows == [("hse_1", "oslo", "Oslo", "Europe/Oslo", "NOK", [], 0)]
