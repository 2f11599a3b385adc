"""The inventory's migrations: from empty to head, and head is what the code's tables say (style rule 14)."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, inspect, text

from services.inventory.adapters.tables import metadata
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
    await upgrade("inventory", url)
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
    url = database_url("inventory")
    engine = as_owner(url)
    async with engine.begin() as connection:

        def take_back(connection: Connection) -> None:
            config = config_for("inventory", url)
            config.attributes["connection"] = connection
            command.downgrade(config, "base")

        await connection.run_sync(take_back)
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        assert set(names) <= {"alembic_version"}
    await engine.dispose()


async def test_the_guard_against_a_double_sale_is_in_the_migrated_schema(database_url: DatabaseUrl) -> None:
    """RULE 3: unique, and over active claims only. Alembic does not compare the predicate of an index."""
    engine = as_owner(database_url("inventory"))
    async with engine.connect() as connection:
        definition = await connection.scalar(
            text("SELECT indexdef FROM pg_indexes WHERE indexname = 'uq_seat_claim_active'")
        )
    await engine.dispose()
    assert definition is not None
    assert definition.startswith("CREATE UNIQUE INDEX uq_seat_claim_active")
    assert "(performance_id, seat_index)" in definition
    assert all(f"'{state}'" in definition for state in ("claimed", "sold"))
    assert "cancelled" not in definition
