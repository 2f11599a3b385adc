"""The embedded PostgreSQL: committed rows outlive a restart and a crash; no row's content reaches its log."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from services.runtime.embedded.data_folder import FolderInUse
from services.runtime.embedded.postgres import MAX_CONNECTIONS, EmbeddedPostgres
from services.runtime.embedded.server_process import ServerNotReady
from services.runtime.testing import eventually


@pytest.fixture
def server(own_server_folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(own_server_folder / "postgres")
    server.start()
    server.create_database("house")
    yield server
    server.stop()


@pytest.fixture
def shared(postgres: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """The session's server, for tests that leave it running; with a house of this test's own."""
    postgres.create_database("house")
    yield postgres
    postgres.drop_database("copy")
    postgres.drop_database("house")


@asynccontextmanager
async def connected(server: EmbeddedPostgres, database: str = "house") -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(server.url_for(database).replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


async def sell(server: EmbeddedPostgres, seat: str) -> None:
    async with connected(server) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS sold (seat text PRIMARY KEY)")
        await connection.execute("INSERT INTO sold VALUES ($1)", seat)


async def sold(server: EmbeddedPostgres) -> list[str]:
    async with connected(server) as connection:
        return [row["seat"] for row in await connection.fetch("SELECT seat FROM sold ORDER BY seat")]


async def test_restart_keeps_data_and_url(server: EmbeddedPostgres) -> None:
    await sell(server, "A1")
    url = server.url_for("house")
    assert server.stop()
    assert not server.running
    server.start()
    assert server.url_for("house") == url
    assert await sold(server) == ["A1"]


async def test_committed_rows_outlive_a_kill_while_others_are_busy(server: EmbeddedPostgres) -> None:
    await sell(server, "A1")
    async with connected(server) as busy:
        await busy.execute("BEGIN")
        await busy.execute("INSERT INTO sold VALUES ('never committed')")
        os.kill(server.pid, signal.SIGKILL)  # not server.kill(): a crash tells nobody
        await eventually(lambda: not server.running)
        server.start()
    assert await sold(server) == ["A1"]


async def test_a_stale_pid_file_that_names_a_stranger_stops_nobody(server: EmbeddedPostgres) -> None:
    await sell(server, "A1")
    pid_file = server.data_dir / "pgdata" / "postmaster.pid"
    content = pid_file.read_text()
    server.kill()
    pid_file.write_text(content.replace(content.splitlines()[0], str(os.getppid()), 1))
    server.start()
    assert await sold(server) == ["A1"]


def test_what_a_crashed_initialisation_left_is_not_taken_for_data(own_server_folder: Path) -> None:
    left = own_server_folder / "postgres" / "pgdata.new"
    left.mkdir(parents=True)
    (left / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(own_server_folder / "postgres")
    server.start()
    server.stop()
    assert not left.exists()


async def test_two_at_once_do_not_meet(shared: EmbeddedPostgres, own_server_folder: Path) -> None:
    other = EmbeddedPostgres(own_server_folder / "other", fsync=False)
    other.start()
    try:
        assert other.create_database("house")
        await sell(shared, "A1")
        async with connected(other) as connection:
            assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tablename = 'sold'") == 0
    finally:
        other.stop()


def test_only_loopback_is_listened_on(shared: EmbeddedPostgres) -> None:
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", shared.port), 2)  # answers when a shared listens on 0.0.0.0


def test_second_server_on_a_folder_is_refused_and_told_who_has_it(shared: EmbeddedPostgres) -> None:
    with pytest.raises(FolderInUse) as refused:
        EmbeddedPostgres(shared.data_dir).start()
    assert refused.value.facts == {"folder": str(shared.data_dir), "pid": str(shared.pid)}
    assert shared.running


def test_another_server_on_the_port_is_not_mistaken_for_ours(shared: EmbeddedPostgres, own_server_folder: Path) -> None:
    late = EmbeddedPostgres(own_server_folder / "late", shared.port, fsync=False)
    with pytest.raises(ServerNotReady, match="in use"):
        late.start()
    assert not late.running


def test_creating_a_database_twice_changes_nothing(shared: EmbeddedPostgres) -> None:
    assert not shared.create_database("house")
    assert shared.create_database("copy")


async def test_a_database_can_be_a_copy_of_another(shared: EmbeddedPostgres) -> None:
    await sell(shared, "A1")
    shared.create_database("copy", template="house")
    async with connected(shared, "copy") as connection:
        assert await connection.fetchval("SELECT seat FROM sold") == "A1"
        shared.drop_database("copy")  # with a connection open
        await eventually(connection.is_closed)
    assert shared.create_database("copy")


@pytest.mark.parametrize("name", ["", "House", "1st", 'a"; DROP DATABASE house; --', "x" * 64])
def test_names_that_are_no_plain_identifiers_are_refused(shared: EmbeddedPostgres, name: str) -> None:
    with pytest.raises(ValueError, match="database or role name"):
        shared.create_database(name)


async def test_settings_are_the_promised_ones(shared: EmbeddedPostgres) -> None:
    async with connected(shared) as connection:
        assert await connection.fetchval("SHOW max_connections") == str(MAX_CONNECTIONS)
        assert await connection.fetchval("SHOW fsync") == "on"
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
        assert await connection.fetchval("SHOW timezone") == "UTC"
        assert await connection.fetchval("SELECT upper('žš')") == "ŽŠ"


async def test_a_duplicate_or_failed_statement_leaves_no_content_in_the_log(shared: EmbeddedPostgres) -> None:
    await sell(shared, "buyer@example.org")
    with pytest.raises(asyncpg.UniqueViolationError):
        await sell(shared, "buyer@example.org")
    async with connected(shared) as connection:
        with pytest.raises(asyncpg.UndefinedTableError):
            await connection.execute("SELECT 'buyer@example.org' FROM nowhere")
    log = (shared.data_dir / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "buyer@example.org" not in log
