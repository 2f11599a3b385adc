"""RULE 29: an event whose transaction commits after later ids did is published all the same, and in order per key."""

from __future__ import annotations

from sqlalchemy import text

from services.runtime.bus.port import Message
from services.runtime.outbox.held_outbox import HeldOutbox
from tests.integration.outbox.stage import TOPIC, Stage, sequences


class IdCursorRelay:
    """The mutant: it remembers the last id it has published and reads on from there."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._last_id = 0

    async def drain_once(self) -> int:
        """Publishes what has a higher id than anything before."""
        async with self._stage.outbox.connect() as connection:
            query = text("SELECT id, key, payload FROM outbox WHERE id > :last ORDER BY id")
            rows = (await connection.execute(query, {"last": self._last_id})).all()
        await self._stage.bus.publish([Message(TOPIC, row.key, row.payload) for row in rows])
        self._last_id = max([self._last_id, *(row.id for row in rows)])
        return len(rows)


async def test_a_late_committer_is_published(stage: Stage) -> None:
    relay = stage.relay()
    async with stage.outbox.connect() as late:
        await stage.enqueue(late, "late", key="late")  # takes the lower id
        await stage.write("early", key="early")
        assert await relay.drain_once() == 1
        await late.commit()
    assert await relay.drain_once() == 1
    assert sorted(sequences(await stage.published())) == [("early", 1), ("late", 1)]


async def test_an_id_cursor_loses_the_late_committer(stage: Stage) -> None:
    """The negative control: without it the test above would prove nothing."""
    relay = IdCursorRelay(stage)
    async with stage.outbox.connect() as late:
        await stage.enqueue(late, "late", key="late")
        await stage.write("early", key="early")
        assert await relay.drain_once() == 1
        await late.commit()
    assert await relay.drain_once() == 0
    assert [message.payload for message in await stage.published()] == [b"early"]


async def test_a_late_committer_of_the_same_key_follows_in_the_order_of_commits(stage: Stage) -> None:
    relay = stage.relay()
    async with stage.outbox.connect() as late:
        await stage.enqueue(late, "late 1", "late 2")
        await stage.write("early 1", "early 2")
        assert await relay.drain_once() == 2
        await late.commit()
    await stage.write("last")
    assert await relay.drain_once() == 3
    expected = [("early 1", 1), ("early 2", 2), ("late 1", 3), ("late 2", 4), ("last", 5)]
    assert sequences(await stage.published()) == expected


async def test_what_has_a_number_goes_before_a_late_committer_with_a_lower_id(stage: Stage) -> None:
    """The bus is away while the first is numbered: the late one may not overtake it afterwards."""
    relay = stage.relay()
    async with stage.outbox.connect() as late:
        await stage.enqueue(late, "late")
        await stage.write("early")
        await _number(stage)
        await late.commit()
    while await relay.drain_once():
        pass
    assert sequences(await stage.published()) == [("early", 1), ("late", 2)]


async def test_transactions_that_take_turns_on_a_key_keep_their_order(stage: Stage) -> None:
    relay = stage.relay()
    for n in range(40):
        await stage.write(f"{n}", key=f"k{n % 3}")
        if n % 7 == 0:
            await relay.drain_once()
    await relay.drain_once()
    published = await stage.published()
    for key in range(3):
        of_key = [message for message in published if message.key == f"k{key}"]
        assert sequences(of_key) == [(f"{n}", place) for place, n in enumerate(range(key, 40, 3), 1)]


async def _number(stage: Stage) -> None:
    async with stage.outbox.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        assert len(await HeldOutbox(connection).next_batch(10)) == 1
