"""The migration functions make exactly the tables that the services' models describe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text

from services.runtime.outbox.migration import (
    create_inbox_tables,
    create_outbox_tables,
    create_pause_table,
    drop_inbox_tables,
    drop_outbox_tables,
    drop_pause_table,
)
from services.runtime.outbox.tables import inbox_table, outbox_tables
from services.runtime.sql.engine import create_engine, new_metadata
from services.runtime.testing.servers import DatabaseUrl


@contextmanager
def operations(connection: Connection) -> Iterator[MigrationContext]:
    """Makes alembic.op work over the connection."""
    context = MigrationContext.configure(connection)
    with Operations.context(context):
        yield context


def differences(connection: Connection) -> list[object]:
    """Creates the tables by migration, compares them with the models, and drops them again."""
    metadata = new_metadata()
    outbox_tables(metadata)
    inbox_table(metadata)
    with operations(connection) as context:
        create_outbox_tables()
        create_inbox_tables()
        create_pause_table()
        found = compare_metadata(context, metadata)
        drop_inbox_tables()
        drop_pause_table()
        drop_outbox_tables()
        assert compare_metadata(context, new_metadata()) == []
    return list(found)


async def test_migrated_tables_equal_the_models(database_url: DatabaseUrl) -> None:
    engine = create_engine(database_url(), application="migration-test")
    async with engine.begin() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


@pytest.mark.parametrize(
    ("create", "index"),
    [
        (create_outbox_tables, "ix_outbox_unnumbered"),
        (create_outbox_tables, "ix_outbox_unpublished"),
        (create_inbox_tables, "ix_inbox_received_at_ms"),
    ],
)
async def test_the_indexes_are_there(database_url: DatabaseUrl, create: Callable[[], None], index: str) -> None:
    def created(connection: Connection) -> object:
        with operations(connection):
            create()
        return connection.execute(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": index}).scalar_one()

    engine = create_engine(database_url(), application="migration-test")
    async with engine.begin() as connection:
        assert await connection.run_sync(created)
    await engine.dispose()
