"""`balcon up` on a folder of any release: its databases are there for a role that can get round no policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from services.console.stack.blueprint import BUS_DATABASE, PARTS
from services.console.stack.databases import bring_to_head, make_databases
from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import Message
from services.runtime.clock import SystemClock
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.ids import RandomIds
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.migrations import upgrade
from services.runtime.sql.roles import check_role
from services.runtime.sql.scopes import HouseScope
from services.runtime.testing.servers import as_owner

# The last revision of orders of the release that knew of no role.
BEFORE = "0005"
HOUSE = "house_1"


@pytest.fixture
def server(own_server_folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(own_server_folder / "postgres", fsync=False)
    server.start()
    yield server
    server.stop()


async def publish(url: str) -> None:
    bus = open_bus(url, clock=SystemClock(), ids=RandomIds(), client_id="test")
    await bus.create_topics({"things": 1})
    await bus.publish([Message("things", "key", b"one", {})])
    await bus.close()


async def prepare_databases(server: EmbeddedPostgres) -> dict[str, str]:
    """As a stack does that starts."""
    urls = await make_databases(server)
    for part in PARTS:
        await bring_to_head(server, part)
    return urls


async def test_a_folder_of_the_release_before_goes_on_working(server: EmbeddedPostgres) -> None:
    for name in ("balcon_orders", BUS_DATABASE):
        server.create_database(name)
    await upgrade("orders", server.url_for("balcon_orders"), BEFORE)
    await publish(server.url_for(BUS_DATABASE))
    key = "INSERT INTO request_keys VALUES (:house, 'create', 'key', '', 'ord_1', 0, 0)"
    async with as_owner(server.url_for("balcon_orders")).begin() as connection:
        await connection.execute(text(key), {"house": HOUSE})
    await prepare_databases(server)
    urls = await prepare_databases(server)
    assert urls.keys() == {part.database for part in PARTS if part.database is not None} | {BUS_DATABASE}
    await publish(urls[BUS_DATABASE])
    engine = create_engine(urls["balcon_orders"], application="test", may_bypass=False)
    await check_role(engine)
    for house, rows in ((HOUSE, 1), ("house_2", 0)):
        async with connected(engine, HouseScope(house)) as connection:
            assert await connection.scalar(text("SELECT count(*) FROM request_keys")) == rows
    await engine.dispose()


async def test_a_new_folder_s_bus_makes_its_tables(server: EmbeddedPostgres) -> None:
    urls = await prepare_databases(server)
    await publish(urls[BUS_DATABASE])
