"""Compacted topics: the latest state of a key is what counts, and a bad one is replaced by the next."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.bus.port import Message
from services.runtime.outbox.event import IncomingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.outbox.state_consumer import StateConsumer
from services.runtime.testing import eventually
from tests.integration.outbox.stage import SOURCE, TOPIC, Stage, events, running


class Latest:
    """A handler that keeps the last state of each key in memory, and refuses those that are bad."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.states: dict[str, str] = {}
        self.calls = 0

    async def apply(self, _connection: AsyncConnection, event: IncomingEvent) -> None:
        """Sequence 0: a state has none."""
        assert event.sequence == 0
        self.calls += 1
        self.told.append(f"{event.key}{event.payload.decode()}")
        if event.payload == b"bad":
            raise ValueError
        self.states[event.key] = event.payload.decode()


async def test_only_the_latest_state_of_a_batch_is_applied(stage: Stage) -> None:
    latest = Latest()
    await stage.bus.publish([_state(str(n), key) for n in range(50) for key in "ab"])
    async with running(_consumer(stage, latest).run()):
        await eventually(lambda: latest.states == {"a": "49", "b": "49"})
        assert latest.calls == 2
        await stage.bus.publish([_state("50", "a")])
        await eventually(lambda: latest.states["a"] == "50")


async def test_a_state_that_cannot_be_applied_is_replaced_by_the_next(stage: Stage) -> None:
    latest = Latest()
    await stage.bus.publish([_state("bad", "a"), _state("1", "b"), Message(TOPIC, "c", b"", {})])
    async with running(_consumer(stage, latest).run()):
        await eventually(lambda: latest.states == {"b": "1"})
        await stage.bus.publish([_state("2", "a")])
        await eventually(lambda: latest.states == {"a": "2", "b": "1"})


async def test_where_several_write_every_state_is_told_in_order_past_a_bad_one(stage: Stage) -> None:
    """The last by offset may be an outdated writer's: only the handler can tell."""
    latest = Latest()
    await stage.bus.publish([_state("1", "a"), _state("2", "a"), _state("bad", "b"), _state("1", "b")])
    async with running(_consumer(stage, latest, every_state=True).run()):
        await eventually(lambda: latest.states == {"a": "2", "b": "1"})
    assert [state for state in latest.told if state.startswith("a")] == ["a1", "a2"]


def _state(payload: str, key: str) -> Message:
    return to_message(events(payload, key=key)[0], event_id=f"{key}.{payload}", source=SOURCE, time_ms=1)


def _consumer(stage: Stage, latest: Latest, *, every_state: bool = False) -> StateConsumer:
    return StateConsumer(
        stage.bus,
        stage.inbox,
        group="latest",
        topics=[TOPIC],
        handler=latest.apply,
        clock=stage.clock,
        every_state=every_state,
    )
