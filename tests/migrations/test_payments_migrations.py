"""The payments database: empty to head gives exactly what the code's tables say, and back again."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.payments.adapters.tables import METADATA
from services.runtime.sql.migrations import config_for, upgrade
from services.runtime.testing.servers import DatabaseUrl


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), METADATA))


def _checks(connection: Connection) -> set[str]:
    return {str(check["name"]) for check in inspect(connection).get_check_constraints("payments")}


def _downgrade(connection: Connection, url: str) -> list[str]:
    config = config_for("payments", url)
    config.attributes["connection"] = connection
    command.downgrade(config, "base")
    return inspect(connection).get_table_names()


async def test_head_is_what_the_tables_say(database_url: DatabaseUrl) -> None:
    url = database_url()
    await upgrade("payments", url)
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        differences = await connection.run_sync(_differences)
        assert [one for one in differences if "alembic_version" not in str(one)] == []
        assert await connection.run_sync(_checks) == {
            "ck_payments_amount",
            "ck_payments_dispute_state",
            "ck_payments_refund_of_captured",
            "ck_payments_refund_state",
            "ck_payments_refunded",
            "ck_payments_state",
        }
        assert await connection.run_sync(_downgrade, url) == ["alembic_version"]
    await engine.dispose()


async def test_upgrading_twice_is_fine(database_url: DatabaseUrl) -> None:
    url = database_url("payments")
    await upgrade("payments", url)
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM payments"))).scalar_one() == 0
    await engine.dispose()
