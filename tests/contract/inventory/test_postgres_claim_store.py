"""What only a real database can show of the record: rows, crashes, races between take and append."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from balcon.acts.v1.acts_events_pb2 import ActDone
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.inventory.adapters.postgres_claim_store import PostgresClaimStore
from services.inventory.adapters.postgres_directory import PostgresDirectory
from services.inventory.adapters.tables import outbox, seat_block, seat_claim
from services.inventory.domain.changes import RecordChange, SeatsBlocked, SeatsUnblocked
from services.inventory.domain.records import BlockKind
from services.inventory.ports import Fenced, RecordRefused, StoreUnavailable
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.principal import PrincipalKind, PrincipalRef
from services.runtime.sql.engine import create_engine
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl, as_owner, service_database
from tests.contract.inventory.shelves import ACT_LOG, HALL, NAME, Record, claim, claimed, postgres_record


async def test_rows_carry_house_plan_version_seat_id_and_epoch(engine: AsyncEngine) -> None:
    """INV-8, R3.1: every row of house data says whose it is, and which seat its index means."""
    record = postgres_record(engine)
    epoch = await record.owned(await record.owned())
    await record.claims.append(NAME, epoch, 1, [claimed("o1", 7), SeatsBlocked((8,), "camera")])
    async with as_owner(engine).connect() as connection:
        row = (await connection.execute(select(seat_claim))).one()
        block = (await connection.execute(select(seat_block))).one()
    assert (row.house_id, row.plan_version, row.seat_id, row.epoch) == ("house_1", 3, "s7", 2)
    assert (block.house_id, block.seat_id, block.reason, block.epoch) == ("house_1", "s8", "camera", 2)


async def test_an_append_and_a_take_at_once_are_one_after_the_other(engine: AsyncEngine) -> None:
    """RULE 3: the epoch is compared under the row's lock, so a fenced append has written nothing. 40 races."""
    fenced = 0
    for number in range(40):
        name = f"perf_{number}"
        record = postgres_record(engine)
        await record.directory.take(name, 0, "node_a", "a")
        appended, taken = await asyncio.gather(
            record.claims.append(name, 1, 1, [claimed("o1", 1)]),
            record.directory.take(name, 1, "node_b", "b"),
            return_exceptions=True,
        )
        assert taken == 2
        # What the new owner loads right after its take is all there will ever be of the old one.
        found = list((await record.claims.load(name, 2)).claims)
        fenced += isinstance(appended, Fenced)
        assert found == ([] if isinstance(appended, Fenced) else [claim("o1", 1)])
        assert appended is None or isinstance(appended, Fenced)
        await record.claims.append(name, 2, 1, [claimed("o2", 2)])
    assert fenced < 40


async def test_what_the_database_will_never_take_is_refused_and_not_unavailable(engine: AsyncEngine) -> None:
    """Unavailable is sent again for ever."""
    record = postgres_record(engine)
    epoch = await record.owned()
    with pytest.raises(RecordRefused):
        await record.claims.append(NAME, epoch, 1, [claimed("o1", 7), SeatsBlocked((8,), "a\0b")])
    assert list((await record.claims.load(NAME, epoch)).claims) == []


@pytest.fixture
def server(own_server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server of this test's own, to be crashed."""
    server = EmbeddedPostgres(own_server_folder / "postgres")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def own_record(server: EmbeddedPostgres) -> AsyncIterator[Record]:
    engine = create_engine(await service_database(server, "inventory"), application="test")
    yield postgres_record(engine)
    await engine.dispose()


async def test_a_killed_database_keeps_what_it_acknowledged(server: EmbeddedPostgres, own_record: Record) -> None:
    """INV-2; while it is away and while it recovers, every call says that the store is unavailable."""
    epoch = await own_record.owned()
    for batch in range(1, 21):
        await own_record.claims.append(NAME, epoch, batch, [claimed(f"o{batch}", batch)])
    server.kill()
    with pytest.raises(StoreUnavailable):
        await own_record.claims.append(NAME, epoch, 21, [claimed("o21", 21)])
    with pytest.raises(StoreUnavailable):
        await own_record.claims.load(NAME, epoch)
    with pytest.raises(StoreUnavailable):
        await own_record.directory.owner_of(NAME)
    with pytest.raises(StoreUnavailable):
        await own_record.directory.take(NAME, epoch, "node_b", "b")
    with pytest.raises(StoreUnavailable):
        await own_record.directory.release(NAME, epoch)
    restarting = asyncio.create_task(asyncio.to_thread(server.start))

    async def sent_again() -> None:
        try:
            await own_record.claims.append(NAME, epoch, 21, [claimed("o21", 21)])
        except StoreUnavailable as error:
            raise AssertionError from error

    await eventually(sent_again)
    await restarting
    assert len((await own_record.claims.load(NAME, epoch)).claims) == 21


async def test_a_pool_with_no_connection_left_is_an_unavailable_store(database_url: DatabaseUrl) -> None:
    engine = create_async_engine(
        as_owner(database_url("inventory")).url, pool_size=1, max_overflow=0, pool_timeout=0.05
    )
    store = PostgresClaimStore(engine, HALL, ACT_LOG)
    async with engine.connect():
        with pytest.raises(StoreUnavailable):
            await store.load(NAME, 1)
        with pytest.raises(StoreUnavailable):
            await store.append(NAME, 1, 1, [claimed("o1", 1)])
        with pytest.raises(StoreUnavailable):
            await PostgresDirectory(engine).owner_of(NAME)
    await engine.dispose()


ANNA = PrincipalRef(PrincipalKind.STAFF, "per_anna")


async def acts(engine: AsyncEngine) -> list[ActDone]:
    async with as_owner(engine).connect() as connection:
        told = select(outbox.c.payload).where(outbox.c.topic == "balcon.acts.v1").order_by(outbox.c.id)
        return [ActDone.FromString(payload) for payload in (await connection.scalars(told)).all()]


async def test_blocks_and_their_ends_are_acts_of_who_asked_for_them_and_claims_are_none(engine: AsyncEngine) -> None:
    record = postgres_record(engine)
    epoch = await record.owned()
    changes: list[RecordChange] = [
        claimed("o1", 7),
        SeatsBlocked((8, 9), "camera", ANNA, BlockKind.SOFT),
        SeatsUnblocked((8,), ANNA),
    ]
    await record.claims.append(NAME, epoch, 1, changes)
    blocked, unblocked = await acts(engine)
    assert (blocked.house_id, blocked.act, blocked.thing, blocked.thing_id) == (
        "house_1",
        "seats.blocked",
        "performance",
        NAME,
    )
    assert blocked.who.subject == unblocked.who.subject == "per_anna"
    assert blocked.reason == "camera"
    assert dict(blocked.facts) == {"count": "2", "seats": "s8, s9", "kind": "SOFT"}
    assert (unblocked.act, dict(unblocked.facts)) == ("seats.unblocked", {"count": "1", "seats": "s8"})


async def test_a_batch_that_is_sent_again_is_no_second_act(engine: AsyncEngine) -> None:
    record = postgres_record(engine)
    epoch = await record.owned()
    for _ in range(2):
        await record.claims.append(NAME, epoch, 1, [SeatsBlocked((8,), "camera", ANNA)])
    assert len(await acts(engine)) == 1


async def test_a_fenced_owner_blocks_nothing_and_tells_nothing(engine: AsyncEngine) -> None:
    record = postgres_record(engine)
    epoch = await record.owned()
    await record.directory.take(NAME, epoch, "node_b", "b")
    with pytest.raises(Fenced):
        await record.claims.append(NAME, epoch, 1, [SeatsBlocked((8,), "camera", ANNA)])
    assert await acts(engine) == []


async def test_a_block_of_a_whole_hall_names_some_of_its_seats_and_counts_all(engine: AsyncEngine) -> None:
    record = postgres_record(engine)
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, [SeatsBlocked(tuple(range(100)), "fire", ANNA)])
    [act] = await acts(engine)
    named = ", ".join(f"s{number}" for number in range(20))
    assert dict(act.facts) == {"count": "100", "seats": f"{named}, …", "kind": "HARD"}
