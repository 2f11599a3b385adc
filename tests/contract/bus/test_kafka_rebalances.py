"""Consumers on the real broker: members come, go and are killed in mid-batch; the broker goes and comes back.

Every event of every key has its effect once and in order, and how far behind a group is can be seen.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from services.runtime.bus.factory import open_bus
from services.runtime.bus.faults import BusUnreachable
from services.runtime.bus.topics import dead_letter_topic
from services.runtime.clock import SystemClock
from services.runtime.embedded.kafka import EmbeddedKafka
from services.runtime.ids import RandomIds
from services.runtime.outbox.consumer import EventConsumer
from services.runtime.outbox.lag import LagWatch, lags_of
from services.runtime.testing import eventually
from services.runtime.testing.child_process import child
from services.runtime.testing.servers import DatabaseUrl
from tests.contract.bus.reading import PATIENCE_SECONDS
from tests.integration.outbox.stage import SOURCE, Effect, Stage, effects, open_stage, running

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parents[3]
KEYS = [f"performance_{n}" for n in range(12)]


class Group:
    """One consumer group on a stage, as many members as are wanted."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.name = RandomIds().new_id("grp")
        self.written = 0

    def member(self) -> EventConsumer:
        """One more, in this process."""
        stage = self.stage
        return EventConsumer(
            stage.bus, stage.inbox, group=self.name, topics=[stage.topic], handler=stage.ledger.apply, clock=stage.clock
        )

    async def write_round(self) -> None:
        """One more event of each key."""
        self.written += 1
        async with self.stage.outbox.begin() as connection:
            for key in KEYS:
                await self.stage.enqueue(connection, str(self.written), key=key)

    async def all_applied(self) -> bool:
        """Whether each key has all its events, each once, in their order."""
        by_key: dict[str, list[Effect]] = {key: [] for key in KEYS}
        for effect in await self.stage.effects():
            by_key[effect[0]].append(effect)
        wanted = [str(n) for n in range(1, self.written + 1)]
        for key, found in by_key.items():
            # Nothing that is there already may be wrong: what comes later mends no order and takes no repetition back.
            assert found == effects(key, *wanted)[: len(found)]
        return all(len(found) == self.written for found in by_key.values())

    async def settle(self) -> None:
        """Waits until everything that was written is applied."""
        await eventually(self.all_applied, PATIENCE_SECONDS)

    async def lag(self) -> int:
        """Messages that the group has not worked off."""
        bus = self.stage.bus
        lags = await lags_of(bus, self.name, [self.stage.topic], await bus.partitions())
        return sum(lag.lag for lag in lags if lag.topic == self.stage.topic)


@asynccontextmanager
async def staged(bootstrap: str, database_url: str) -> AsyncIterator[Group]:
    """A group on a topic that no other run has."""
    bus = open_bus(f"kafka://{bootstrap}", clock=SystemClock(), ids=RandomIds(), client_id="rebalances")
    stage = await open_stage(database_url, bus, RandomIds().new_id("test"), partitions=6)
    try:
        yield Group(stage)
    finally:
        await bus.close()
        await stage.outbox.dispose()
        await stage.inbox.dispose()


def environment() -> Mapping[str, str]:
    """For a child out of this checkout."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "protos/gen")])}


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A broker that nobody else uses, so that it may be stopped."""
    broker = EmbeddedKafka(tmp_path / "kafka")
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


async def test_members_that_come_go_and_are_killed_in_mid_batch_lose_nothing_and_repeat_nothing(
    kafka_bootstrap: str, database_url: DatabaseUrl
) -> None:
    url = database_url()
    async with staged(kafka_bootstrap, url) as group, running(group.stage.relay().run()):
        stage = group.stage
        arguments = (f"kafka://{kafka_bootstrap}", url, stage.topic, group.name)
        command = [sys.executable, "-m", "tests.contract.bus.stuck_member", *arguments]
        await group.write_round()
        async with (
            child(*command, environment=environment(), folder=ROOT, pipes=asyncio.subprocess.PIPE) as stuck,
            asyncio.timeout(PATIENCE_SECONDS),
        ):
            assert stuck.stdout is not None
            # It logs before, as the broker's mood is.
            while (line := await stuck.stdout.readline()) != b"in mid-batch\n":
                assert line, "ended before it had its batch"
            async with running(group.member().run()):
                await group.write_round()
                # Its effect was written and is gone with it; the broker notices by its silence.
                stuck.kill()
                await stuck.wait()
                await group.settle()
                third = asyncio.create_task(group.member().run())
                async with running(group.member().run()):
                    for _ in range(10):
                        await group.write_round()
                    await group.settle()
                    await group.write_round()
                    # Leaves while others go on; two members take its partitions.
                    third.cancel()
                    await asyncio.gather(third, return_exceptions=True)
                    await group.write_round()
                    await group.settle()
                await group.write_round()
                await group.settle()
        assert await _dead_letters(group) == 0
        await eventually(lambda: _is_caught_up(group), PATIENCE_SECONDS)


async def test_a_broker_that_goes_and_comes_back_costs_nothing_and_is_seen(
    own_broker: EmbeddedKafka, database_url: DatabaseUrl
) -> None:
    async with staged(own_broker.bootstrap, database_url()) as group, asyncio.timeout(PATIENCE_SECONDS):
        stage, clock = group.stage, SystemClock()
        watch = LagWatch(stage.bus, lambda: {group.name: [stage.topic]}, clock)
        async with running(stage.relay().run(), group.member().run(), group.member().run()):
            await group.write_round()
            await group.settle()
            await asyncio.to_thread(own_broker.stop)
            for _ in range(5):
                await group.write_round()
            # The events wait where they were written, and their age shows it.
            await eventually(lambda: _outbox_shows(len(KEYS) * 5), PATIENCE_SECONDS)
            with pytest.raises(BusUnreachable):
                await watch.look()
            await asyncio.to_thread(own_broker.start)
            await group.settle()
        # Nobody reads any more: that shows too, on the bus.
        async with running(stage.relay().run()):
            await group.write_round()
            await eventually(lambda: _published_all(group), PATIENCE_SECONDS)
            await watch.look()
            assert REGISTRY.get_sample_value("balcon_events_behind", {"group": group.name}) == len(KEYS)
            assert (REGISTRY.get_sample_value("balcon_events_behind_seconds", {"group": group.name}) or 0) > 0
            async with running(group.member().run()):
                await group.settle()
                await eventually(lambda: _is_caught_up(group), PATIENCE_SECONDS)


async def _dead_letters(group: Group) -> int:
    topic = dead_letter_topic(group.stage.topic, group.name)
    return sum(state.end_offset for state in await group.stage.bus.partitions() if state.topic == topic)


async def _is_caught_up(group: Group) -> bool:
    return await group.lag() == 0


async def _published_all(group: Group) -> bool:
    return await group.stage.unpublished() == 0


async def _outbox_shows(pending: int) -> None:
    assert REGISTRY.get_sample_value("balcon_outbox_pending", {"source": SOURCE}) == pending
    assert (REGISTRY.get_sample_value("balcon_outbox_oldest_seconds", {"source": SOURCE}) or 0) > 0
