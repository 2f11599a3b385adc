"""What only the log in Postgres has to show: offsets without gaps, locks, lost sessions, retention."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from services.runtime.bus.faults import BusUnreachable, PartitionLost
from services.runtime.bus.port import Delivered, Message
from services.runtime.bus.postgres_bus import LET_GO_SECONDS, PostgresBus
from services.runtime.bus.postgres_retention import DELETE_MAX_MESSAGES
from services.runtime.bus.topics import AVAILABILITY, FUNNEL, KEPT_SECONDS
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


async def test_a_group_that_committed_nothing_is_forgotten_when_its_last_member_leaves(
    bus: PostgresBus, desk: Desk
) -> None:
    await desk.publish("1")
    await desk.read(1, commit=False)
    assert await bus.groups() == []


async def test_a_member_whose_group_was_deleted_beneath_it_joins_anew(desk: Desk, dsn: str) -> None:
    await desk.publish("1")
    # Whatever it reads before it notices cannot be committed any more, and comes again.
    reader = Member(await desk.subscribe(), _ignore, goes_on=True)
    await eventually(lambda: payloads(reader.read) == ["1"])

    async def deleted() -> None:
        try:
            await _query(
                dsn, "WITH m AS (DELETE FROM bus_member), o AS (DELETE FROM bus_group_offset) DELETE FROM bus_group"
            )
        except asyncpg.ForeignKeyViolationError as error:
            raise AssertionError("a heartbeat or a commit came in between") from error

    await eventually(deleted, PATIENCE_SECONDS)
    await desk.publish("2")
    await eventually(lambda: "2" in payloads(reader.read), PATIENCE_SECONDS)

    async def committed() -> None:
        assert await _query(dsn, "SELECT max(next_offset) FROM bus_group_offset") == 2

    await eventually(committed, PATIENCE_SECONDS)
    await reader.leave()


async def test_partitions_of_which_nobody_was_told_are_found_by_the_next_heartbeat(desk: Desk, dsn: str) -> None:
    await desk.publish("1")
    reader = Member(await desk.bus.subscribe(desk.group, [desk.topic, "test.later"]), _ignore)
    await eventually(lambda: payloads(reader.read) == ["1"])
    await _query(dsn, "INSERT INTO bus_partition (topic, partition) VALUES ('test.later', 0)")
    await desk.bus.publish([Message("test.later", "a", b"2")])
    await eventually(lambda: payloads(reader.read) == ["1", "2"], PATIENCE_SECONDS)
    await reader.leave()


async def test_history_is_kept_for_good_and_what_has_an_end_is_let_go(bus: PostgresBus, desk: Desk, dsn: str) -> None:
    await bus.create_topics({FUNNEL: 1})
    await desk.publish("1")
    await bus.publish([Message(FUNNEL, f"k{n}", b"old") for n in range(DELETE_MAX_MESSAGES + 10)])
    years_ms = 10 * 365 * 86_400_000
    await _query(dsn, f"UPDATE bus_message SET stored_at_ms = stored_at_ms - {years_ms}")
    await bus.publish([Message(FUNNEL, "k0", b"new")])
    assert await bus.let_go() == DELETE_MAX_MESSAGES + 10
    (delivered,) = await desk.read(1)
    assert (delivered.offset, payloads([delivered])) == (0, ["1"])
    (state,) = [state for state in await bus.partitions() if state.topic == FUNNEL]
    assert (state.first_offset, state.end_offset) == (DELETE_MAX_MESSAGES + 10, DELETE_MAX_MESSAGES + 11)


async def test_of_a_compacted_topic_the_latest_of_each_key_stays_however_old(bus: PostgresBus, dsn: str) -> None:
    await bus.create_topics({AVAILABILITY: 2})
    keys = [f"performance_{n}" for n in range(5)]
    for turn in range(3):
        await bus.publish([Message(AVAILABILITY, key, str(turn).encode()) for key in keys])
    assert await bus.let_go() == 0, "readers under way may still want them"
    await _query(dsn, f"UPDATE bus_message SET stored_at_ms = stored_at_ms - {10 * 365 * 86_400_000}")
    await bus.publish([Message(AVAILABILITY, keys[0], b"3")])
    assert await bus.let_go() == 2 * len(keys) + 1
    reader = Desk(bus, "latest")
    reader.topic = AVAILABILITY
    assert sorted(payloads(await reader.read(len(keys)))) == ["2"] * 4 + ["3"]


async def test_the_log_tidies_itself_on_a_schedule(dsn: str) -> None:
    clock = _PatientClock()
    bus = PostgresBus(dsn, clock=clock, ids=RandomIds(), client_id="log-test")
    await bus.create_topics({FUNNEL: 1})
    await bus.publish([Message(FUNNEL, "a", b"old")])
    clock.ahead_ms = (KEPT_SECONDS[FUNNEL] + 1) * 1_000
    clock.due.set()

    async def tidied() -> None:
        assert await _query(dsn, "SELECT count(*) FROM bus_message") == 0

    await eventually(tidied)
    assert clock.asked == [LET_GO_SECONDS] * len(clock.asked)
    await bus.close()


class _PatientClock(SystemClock):
    """Sleeps until it is told that the time has come, and may be ahead."""

    def __init__(self) -> None:
        self.ahead_ms = 0
        self.due = asyncio.Event()
        self.asked: list[float] = []

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self.due.wait()
        self.due.clear()


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
