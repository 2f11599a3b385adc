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
            "ck_payments_authorised",
            "ck_payments_dispute_state",
            "ck_payments_refund_of_captured",
            "ck_payments_refund_state",
            "ck_payments_refunded",
            "ck_payments_state",
        }
        assert await connection.run_sync(_downgrade, url) == ["alembic_version"]
    await engine.dispose()


async def test_what_was_refunded_before_is_known_and_what_was_captured_is_watched(database_url: DatabaseUrl) -> None:
    url = database_url()
    await upgrade("payments", url, "0002")
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for name, state, refund in (
            ("pay_1", "SUCCEEDED", "SUCCEEDED"),
            ("pay_2", "SUCCEEDED", "NONE"),
            ("pay_3", "PENDING", "NONE"),
        ):
            await connection.execute(
                text(
                    "INSERT INTO payments VALUES (:id, 'house_1', :id, '', :id, 'perf_1', 2500, 'EUR', '', 1,"
                    " 'sandbox',"
                    " 1, :state, :id, '', '', (extract(epoch FROM now()) * 1000)::bigint, NULL, NULL, :refund,"
                    " NULL, 0, NULL, NULL, 0, NULL, 1)"
                ),
                {"id": name, "state": state, "refund": refund},
            )
    await upgrade("payments", url)
    wanted = "SELECT payment_id, refunded_minor, dispute_state, next_attempt_at_ms IS NOT NULL FROM payments ORDER BY 1"
    async with engine.connect() as connection:
        rows = [tuple(row) for row in await connection.execute(text(wanted))]
    await engine.dispose()
    assert rows == [("pay_1", 2_500, "NONE", False), ("pay_2", 0, "NONE", True), ("pay_3", 0, "NONE", False)]


async def test_upgrading_twice_is_fine(database_url: DatabaseUrl) -> None:
    url = database_url("payments")
    await upgrade("payments", url)
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM payments"))).scalar_one() == 0
    await engine.dispose()
