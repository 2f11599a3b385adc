"""From a committed transaction to its effect in another service, over the bus in Postgres."""

from __future__ import annotations

from services.runtime.testing import eventually
from tests.integration.outbox.stage import Stage, effects, running


async def test_committed_events_reach_their_effect_in_order(stage: Stage) -> None:
    relay, consumer = stage.relay(), stage.consumer()
    async with running(relay.run(), consumer.run()):
        await stage.write("1", "2")
        await stage.write("3")
        relay.wake()

        async def arrived() -> bool:
            return await stage.effects("a") == effects("a", "1", "2", "3")

        await eventually(arrived)
    assert await stage.unpublished() == 0


async def test_a_rolled_back_event_is_never_published(stage: Stage) -> None:
    async with stage.outbox.connect() as connection:
        await stage.enqueue(connection, "never")
        await connection.rollback()
    await stage.write("kept")
    assert await stage.relay().drain_once() == 1
    assert [message.payload for message in await stage.published()] == [b"kept"]
