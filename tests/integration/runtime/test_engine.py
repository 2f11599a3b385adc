"""SQL engines: a pool that survives Postgres' restarts without asking it before each transaction."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.sql.engine import create_engine
from services.runtime.testing.eventually import eventually


async def test_connections_that_a_restart_closed_are_replaced_before_use(own_server_folder: Path) -> None:
    server = EmbeddedPostgres(own_server_folder / "postgres", fsync=False)
    server.start()
    engine = create_engine(server.url_for("postgres"), application="test", pool_size=2)
    try:
        async with engine.connect() as one, engine.connect() as other:
            closed = [(await connection.get_raw_connection()).driver_connection for connection in (one, other)]
            for connection in (one, other):
                await connection.execute(text("SELECT 1"))
        server.stop()
        server.start()
        # The end of the old sockets arrives when the loop gets to it.
        await eventually(lambda: all(driver is not None and driver.is_closed() for driver in closed))
        for _ in range(3):
            async with engine.begin() as connection:
                assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    finally:
        await engine.dispose()
        server.stop()
