"""The door to the database: transactions, faults, what follows a commit, and round trips as the wire shows them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.embedded.ports import free_port
from services.runtime.errors import StoreUnavailable
from services.runtime.sql.connections import after_commit, connected, for_single_statements, for_snapshots, own_session
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses, HouseScope, Scope
from services.runtime.testing.servers import DatabaseUrl

HERE, THERE = HouseScope("hse_1"), HouseScope("hse_2")
EVERYWHERE = AllHouses("a test")
COUNT = text("SELECT count(*) FROM things")
ADD = text("INSERT INTO things (house_id) VALUES (:house_id)")
READY_FOR_QUERY = b"Z"


@dataclass
class Wire:
    """A relay before Postgres that counts round trips: each ends with the server's ReadyForQuery."""

    host: str
    port: int
    round_trips: int = 0
    _open: list[asyncio.StreamWriter] = field(default_factory=list)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        from_server, to_server = await asyncio.open_connection(self.host, self.port)
        self._open += [writer, to_server]

        async def forth() -> None:
            while piece := await reader.read(65_536):
                to_server.write(piece)
            to_server.close()

        async def back() -> None:
            try:
                while True:
                    head = await from_server.readexactly(5)
                    body = await from_server.readexactly(int.from_bytes(head[1:], "big") - 4)
                    self.round_trips += head[:1] == READY_FOR_QUERY
                    writer.write(head + body)
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        await asyncio.gather(forth(), back())

    def close(self) -> None:
        """Ends what is open."""
        for writer in self._open:
            writer.close()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire, and the URL that leads over it."""
    place = make_url(url)
    wire = Wire(place.host or "127.0.0.1", place.port or 5432)
    server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    over = place.set(host="127.0.0.1", port=server.sockets[0].getsockname()[1]).update_query_dict({"ssl": "disable"})
    yield wire, over.render_as_string(hide_password=False)
    wire.close()
    server.close()


@pytest.fixture
async def engine(database_url: DatabaseUrl) -> AsyncIterator[AsyncEngine]:
    """Over a database with a table of things."""
    engine = create_engine(database_url(), application="test", pool_size=2)
    async with connected(engine, EVERYWHERE) as connection:
        await connection.execute(text("CREATE TABLE things (id bigserial PRIMARY KEY, house_id text NOT NULL UNIQUE)"))
    yield engine
    await engine.dispose()


async def count(engine: AsyncEngine) -> int:
    """How many things are there."""
    async with connected(engine, EVERYWHERE) as connection:
        found: int = (await connection.execute(COUNT)).scalar_one()
    return found


async def test_a_block_that_ends_is_committed_and_one_that_raises_is_not(engine: AsyncEngine) -> None:
    async with connected(engine, HERE) as connection:
        await connection.execute(ADD, {"house_id": "hse_1"})
    assert await count(engine) == 1
    with pytest.raises(KeyError):
        async with connected(engine, HERE) as connection:
            await connection.execute(ADD, {"house_id": "hse_2"})
            raise KeyError
    assert await count(engine) == 1


async def test_a_rollback_within_leaves_nothing(engine: AsyncEngine) -> None:
    async with connected(engine, HERE) as connection:
        await connection.execute(ADD, {"house_id": "hse_1"})
        await connection.rollback()
    assert await count(engine) == 0


async def test_what_is_to_follow_a_commit_follows_no_rollback(engine: AsyncEngine) -> None:
    done: list[int] = []
    async with connected(engine, HERE) as connection:
        await connection.execute(ADD, {"house_id": "hse_1"})
        after_commit(connection, lambda: done.append(1))
        assert not done
    assert done == [1]
    with pytest.raises(IntegrityError):
        async with connected(engine, HERE) as connection:
            after_commit(connection, lambda: done.append(2))
            await connection.execute(ADD, {"house_id": "hse_1"})
    async with connected(engine, HERE) as connection:
        await connection.execute(ADD, {"house_id": "hse_3"})
        after_commit(connection, lambda: done.append(3))
        await connection.rollback()
    assert done == [1]


async def test_what_the_database_refuses_is_told_as_it_is(engine: AsyncEngine) -> None:
    for over in (engine, for_single_statements(engine)):
        with pytest.raises(IntegrityError):
            async with connected(over, HERE) as connection:
                await connection.execute(text("INSERT INTO things VALUES (7, 'hse_7'), (7, 'hse_7')"))
    assert await count(engine) == 0


async def test_a_database_that_is_away_is_an_unavailable_store_whatever_form_asks() -> None:
    nowhere = create_engine(f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/none", application="test")
    for over in (nowhere, for_single_statements(nowhere), for_snapshots(nowhere)):
        with pytest.raises(StoreUnavailable):
            async with connected(over, HERE):
                pass
    with pytest.raises(StoreUnavailable):
        async with own_session(nowhere, EVERYWHERE):
            pass
    await nowhere.dispose()


async def test_a_snapshot_sees_one_moment_and_writes_nothing(engine: AsyncEngine) -> None:
    moments = for_snapshots(engine)
    async with connected(moments, EVERYWHERE) as connection:
        assert (await connection.execute(COUNT)).scalar_one() == 0
        async with connected(engine, HERE) as other:
            await other.execute(ADD, {"house_id": "hse_1"})
        assert (await connection.execute(COUNT)).scalar_one() == 0
    with pytest.raises(Exception, match="read-only transaction"):
        async with connected(moments, HERE) as connection:
            await connection.execute(ADD, {"house_id": "hse_2"})


@pytest.mark.parametrize("is_secured", [False, True])
async def test_the_scope_of_a_transaction_costs_no_round_trip(
    engine: AsyncEngine, database_url: DatabaseUrl, is_secured: bool
) -> None:
    """BEGIN, the statement, COMMIT; and the statement alone where nothing needs a transaction."""
    url = engine.url.render_as_string(hide_password=False)
    async with wire_to(url) as (wire, over_wire):
        watched = create_engine(over_wire, application="test", pool_size=1, row_security=is_secured)
        single = for_single_statements(watched)

        async def round_trips_of(over: AsyncEngine, scope: Scope = HERE) -> int:
            before = wire.round_trips
            async with connected(over, scope) as connection:
                await connection.execute(COUNT)
            return wire.round_trips - before

        await round_trips_of(watched)
        await round_trips_of(single)  # opens the connection, and prepares the statement
        assert await round_trips_of(watched) == 3
        assert await round_trips_of(single) == 1
        # Another house's turn on the same session is told once.
        assert [await round_trips_of(single, THERE) for _ in range(2)] == [2 if is_secured else 1, 1]
        assert await round_trips_of(watched) == 3
        assert single.sync_engine.pool is watched.sync_engine.pool
        await watched.dispose()
