"""What only the log in Postgres has to show: offsets without gaps, locks, lost sessions, retention."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from services.runtime.bus.faults import BusUnreachable, PartitionLost
from services.runtime.bus.port import Delivered
from services.runtime.bus.postgres_bus import PostgresBus
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.contract.bus.reading import PATIENCE_SECONDS, Desk, Member, payloads


@pytest.fixture
def dsn(database_url: DatabaseUrl) -> str:
    """An empty database, as asyncpg names it."""
    return database_url().replace("+asyncpg", "")


@pytest.fixture
async def bus(dsn: str) -> AsyncIterator[PostgresBus]:
    """A bus on it."""
    bus = _open(dsn)
    yield bus
    await bus.close()


@pytest.fixture
async def desk(bus: PostgresBus) -> Desk:
    """A topic on it."""
    desk = Desk(bus, "log")
    await desk.open()
    return desk


def _open(dsn: str) -> PostgresBus:
    return PostgresBus(dsn, clock=SystemClock(), ids=RandomIds(), client_id="log-test")


def _ignore(_member: Member, _batch: Sequence[Delivered]) -> None:
    """Notes nothing."""


async def test_processes_that_start_at_once_create_the_tables_once(dsn: str) -> None:
    buses = [_open(dsn) for _ in range(4)]
    await asyncio.gather(*(bus.create_topics({"t": 3}) for bus in buses))
    await asyncio.gather(*(bus.close() for bus in buses))
    assert await _query(dsn, "SELECT count(*) FROM bus_partition") == 3


async def test_concurrent_publishers_leave_no_gap_and_a_reader_passes_over_none(desk: Desk, dsn: str) -> None:
    others = [_open(dsn) for _ in range(3)]
    reader = Member(await desk.subscribe(), _ignore)

    async def publish(bus: PostgresBus, name: str) -> None:
        for n in range(40):
            await bus.publish([desk.message(f"{name}.{n}.{m}", f"k{m}") for m in range(5)])

    await asyncio.gather(*(publish(bus, str(index)) for index, bus in enumerate(others)))
    await eventually(lambda: len(reader.read) == 3 * 40 * 5, PATIENCE_SECONDS)
    for partition in {delivered.partition for delivered in reader.read}:
        offsets = [delivered.offset for delivered in reader.read if delivered.partition == partition]
        assert offsets == list(range(len(offsets)))
    await reader.leave()
    for bus in others:
        await bus.close()


async def test_a_failed_publish_leaves_no_gap(desk: Desk, dsn: str) -> None:
    await _query(dsn, "ALTER TABLE bus_message ADD CONSTRAINT no_bomb CHECK (key <> 'bomb')")
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.bus.publish([desk.message("1"), desk.message("2", "bomb")])
    await desk.publish("3")
    (delivered,) = await desk.read(1)
    assert (delivered.offset, payloads([delivered])) == (0, ["3"])


async def test_a_member_whose_session_died_goes_on_after_what_it_committed(desk: Desk, dsn: str) -> None:
    reader = Member(await desk.subscribe(), _ignore)
    await desk.publish("1")
    await eventually(lambda: payloads(reader.read) == ["1"])
    await _end_sessions(dsn)
    await eventually(lambda: _published(desk, "2"))
    await eventually(lambda: payloads(reader.read) == ["1", "2"], PATIENCE_SECONDS)
    await reader.leave()


async def test_the_partitions_of_a_member_that_crashed_go_to_another(desk: Desk, dsn: str) -> None:
    """A crash closes the connection; the member's row stays, until its heartbeat is too old."""
    crashed = await desk.subscribe()
    await desk.publish("1")
    batch = await anext(aiter(crashed.batches()))
    other = Member(await desk.subscribe(), _ignore)
    await _end_sessions(dsn, readers=True)
    with pytest.raises(PartitionLost):
        await crashed.commit(batch[-1])
    await eventually(lambda: "1" in payloads(other.read), PATIENCE_SECONDS)
    await crashed.close()
    await other.leave()


async def test_a_late_commit_of_a_member_that_lost_its_partition_is_refused(desk: Desk) -> None:
    late = await desk.subscribe()
    await desk.publish("1")
    batch = await anext(aiter(late.batches()))
    await late.close()
    with pytest.raises(PartitionLost):
        await late.commit(batch[-1])


async def test_old_messages_are_deleted_and_the_rest_is_still_read(bus: PostgresBus, desk: Desk) -> None:
    clock = SystemClock()
    await desk.publish(*(str(n) for n in range(2_500)))
    assert await bus.delete_before(clock.now_ms() - 3_600_000) == 0
    assert await bus.delete_before(clock.now_ms() + 1_000) == 2_500
    await desk.publish("new")
    (delivered,) = await desk.read(1)
    assert (delivered.offset, payloads([delivered])) == (2_500, ["new"])


async def _published(desk: Desk, payload: str) -> bool:
    """The pool's connections died too; the first use notices."""
    try:
        await desk.publish(payload)
    except BusUnreachable:
        return False
    return True


async def _query(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def _end_sessions(dsn: str, *, readers: bool = False) -> None:
    """All of them, or those that have locks on partitions."""
    condition = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2)" if readers else "true"
    await _query(
        dsn,
        f"""SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}""",
    )
