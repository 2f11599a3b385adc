"""The batched stream and the watch without a network: what is left behind by callers that go, and what is shared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE

from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.mailbox import HOLD_LANE_COMMANDS, WORK_COMMANDS
from services.inventory.actors.seat_feed import WATCHER_QUEUE_DELTAS
from services.inventory.adapters.memory_stores import MemoryAvailabilityFeed
from services.inventory.api.command_stream import CommandStream
from services.inventory.api.stream_credit import MESSAGES_IN_FLIGHT
from services.inventory.api.watch import watch_seats
from services.inventory.ports import Availability
from services.runtime.testing import eventually
from tests.unit.inventory.actors.faulty_stores import Gate
from tests.unit.inventory.actors.stage import HOUSE, NAME, Stage, done, virtual
from tests.unit.inventory.builders import hold

KEY = pb.PerformanceKey(house_id=HOUSE, performance_id=NAME)


def message(batch_id: int, hold_id: str, seat: int) -> pb.ExecuteCommandsRequest:
    columns = pb.HoldColumns(
        hold_ids=[hold_id], holder_ids=[hold_id], seat_counts=[1], seat_indexes=[seat], channel=CHANNEL_ONLINE
    )
    return pb.ExecuteCommandsRequest(batch_id=batch_id, key=KEY, plan_version=1, holds=columns)


Answers = AsyncIterator[pb.ExecuteCommandsResponse]


async def opened(answers: Answers) -> Answers:
    """The stream after its first word."""
    assert await anext(answers) == pb.ExecuteCommandsResponse(credit=MESSAGES_IN_FLIGHT)
    return answers


def lane_filled(node: PerformanceHost) -> list[asyncio.Future[object]]:
    """As many new holds as may wait, while a turn is under way."""
    return [
        asyncio.ensure_future(node.execute(HOUSE, NAME, [hold(f"f{number}-{n}", 2) for n in range(WORK_COMMANDS)]))
        for number in range(HOLD_LANE_COMMANDS // WORK_COMMANDS)
    ]


def readers() -> list[str]:
    """Tasks of streams that still run."""
    tasks = (task.get_coro() for task in asyncio.all_tasks())
    return [name for name in (getattr(coro, "__qualname__", "") for coro in tasks) if "CommandStream" in name]


@pytest.mark.parametrize("answers_read", [0, 1, 5])
@virtual
async def test_a_caller_that_stops_reading_and_goes_leaves_no_task_behind(answers_read: int) -> None:
    """Its answers fill the queue and more of them wait for room: nobody will ever make any."""
    stage = Stage()
    stream = CommandStream(stage.node(), stage.clock)

    async def requests() -> AsyncIterator[pb.ExecuteCommandsRequest]:
        for number in range(10 * MESSAGES_IN_FLIGHT):
            yield pb.ExecuteCommandsRequest(batch_id=number + 1)

    answers = stream.serve(requests())
    for _ in range(1 + answers_read):
        await anext(answers)
    await stage.clock.sleep(1)
    assert readers()
    await answers.aclose()  # type: ignore[attr-defined]
    await eventually(lambda: not readers())


@virtual
async def test_a_caller_that_goes_while_a_turn_is_written_leaves_no_task_and_no_unknown_hold() -> None:
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    stream = CommandStream(node, stage.clock)
    gate = Gate()
    stage.holds.steps.append(gate)
    more = asyncio.Event()

    async def requests() -> AsyncIterator[pb.ExecuteCommandsRequest]:
        yield message(1, "h1", 1)
        await more.wait()

    answers = await opened(stream.serve(requests()))
    reading = asyncio.ensure_future(anext(answers))
    await gate.reached.wait()
    reading.cancel()
    await asyncio.wait([reading])
    await answers.aclose()  # type: ignore[attr-defined]
    await eventually(lambda: not readers())
    gate.open()
    await done(node, hold("h2", 2))
    assert await stage.holds_in_store() == {"h1", "h2"}
    assert set((await stage.owner(node)).seat_map.holds) == {"h1", "h2"}


@virtual
async def test_every_message_is_answered_when_the_caller_ends_its_side_first() -> None:
    stage = Stage()
    stream = CommandStream(stage.node(), stage.clock)
    count = 5 * MESSAGES_IN_FLIGHT

    async def requests() -> AsyncIterator[pb.ExecuteCommandsRequest]:
        for number in range(count):
            yield message(number + 1, f"h{number}", number)

    answered = [answer async for answer in await opened(stream.serve(requests()))]
    assert sorted(answer.batch_id for answer in answered) == list(range(1, count + 1))
    assert not any(answer.HasField("batch_refused") for answer in answered)
    assert not readers()


@virtual
async def test_no_more_than_a_bounded_number_of_messages_is_read_ahead() -> None:
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    stage.holds.steps.append(gate := Gate())
    read = 0

    async def requests() -> AsyncIterator[pb.ExecuteCommandsRequest]:
        nonlocal read
        for number in range(500):
            read += 1
            yield message(number + 1, f"h{number}", number)

    answers = await opened(CommandStream(node, stage.clock).serve(requests()))
    first = asyncio.ensure_future(anext(answers))
    await gate.reached.wait()
    await stage.clock.sleep(0.01)
    assert read == MESSAGES_IN_FLIGHT
    gate.open()
    await first
    await answers.aclose()  # type: ignore[attr-defined]


@virtual
async def test_a_delta_is_encoded_once_for_all_who_watch() -> None:
    """Trap 26: the very same bytes go to everybody."""
    stage = Stage()
    node = stage.node()
    actor = await stage.owner(node)
    watches = [watch_seats(actor) for _ in range(5)]
    for watch in watches:
        snapshot = await anext(watch)
        assert isinstance(snapshot, pb.WatchSeatsResponse)
    await done(node, hold("h1", 3, 4))
    actor.flush()
    received = [await anext(watch) for watch in watches]
    assert isinstance(received[0], bytes)
    assert all(update is received[0] for update in received)
    assert list(pb.WatchSeatsResponse.FromString(received[0]).delta.seat_indexes) == [3, 4]


@virtual
async def test_one_slow_watcher_is_cut_and_the_others_hear_everything() -> None:
    """RULE 23: its queue is bounded, and it hears at once that it must watch again."""
    stage = Stage()
    node = stage.node()
    actor = await stage.owner(node)
    slow, quick = watch_seats(actor), watch_seats(actor)
    await anext(slow)
    first = await anext(quick)
    assert isinstance(first, pb.WatchSeatsResponse)
    versions = []
    for number in range(WATCHER_QUEUE_DELTAS + 10):
        await done(node, hold(f"h{number}", number, holder=f"b{number}"))
        actor.flush()
        update = await anext(quick)
        assert isinstance(update, bytes)
        versions.append(pb.WatchSeatsResponse.FromString(update).version)
    assert versions == list(range(first.version + 1, first.version + WATCHER_QUEUE_DELTAS + 11))
    assert [update async for update in slow] == []
    again = await anext(watch_seats(actor))
    assert isinstance(again, pb.WatchSeatsResponse)
    assert again.version == versions[-1]
    assert again.snapshot.seat_states == bytes(actor.seat_map.statuses)


@virtual
async def test_a_watcher_that_goes_is_forgotten() -> None:
    stage = Stage()
    actor = await stage.owner(stage.node())
    watch = watch_seats(actor)
    await anext(watch)
    assert actor.feed.has_watchers
    await watch.aclose()  # type: ignore[attr-defined]
    assert not actor.feed.has_watchers


class SilentFeed(MemoryAvailabilityFeed):
    """A bus that takes what it is told and never says so."""

    async def publish(self, latest: Sequence[Availability]) -> None:
        await super().publish(latest)
        await asyncio.Event().wait()


@virtual
async def test_watchers_do_not_wait_for_a_bus_that_is_silent() -> None:
    stage = Stage()
    stage.feed = SilentFeed()
    node = stage.node()
    telling = [asyncio.create_task(node.keep_watchers_told()), asyncio.create_task(node.publish_availability())]
    actor = await stage.owner(node)
    watcher = actor.feed.join()
    await done(node, hold("h1", 1))
    await eventually(lambda: stage.feed.told)
    for seat in range(2, 6):
        before = stage.clock.monotonic()
        delta = await watcher.next()
        assert delta is not None
        await done(node, hold(f"h{seat}", seat, holder=f"b{seat}"))
        assert stage.clock.monotonic() - before < 1
    for task in telling:
        task.cancel()


@virtual
async def test_who_comes_after_the_end_of_the_owner_is_told_so_at_once() -> None:
    stage = Stage()
    actor = await stage.owner(stage.node())
    actor.feed.close()
    assert [isinstance(update, pb.WatchSeatsResponse) async for update in watch_seats(actor)] == [True]
    assert not actor.feed.has_watchers


@virtual
async def test_every_answer_tells_the_credit_as_it_stands() -> None:
    """The lane of new holds is full for the second message: half the credit, and one more with what is decided."""
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    stage.holds.steps.append(gate := Gate())
    sent: asyncio.Queue[pb.ExecuteCommandsRequest] = asyncio.Queue()

    async def requests() -> AsyncIterator[pb.ExecuteCommandsRequest]:
        while True:
            yield await sent.get()

    answers = await opened(CommandStream(node, stage.clock).serve(requests()))
    sent.put_nowait(message(1, "h1", 1))
    await gate.reached.wait()
    filling = lane_filled(node)
    await stage.clock.sleep(0.01)
    sent.put_nowait(message(2, "h2", 3))
    refused = await anext(answers)
    assert (refused.batch_id, refused.batch_refused.reason) == (2, "OVERLOADED")
    assert refused.credit == MESSAGES_IN_FLIGHT // 2
    gate.open()
    decided = await anext(answers)
    assert (decided.batch_id, decided.credit) == (1, MESSAGES_IN_FLIGHT // 2 + 1)
    await asyncio.gather(*filling)
    await answers.aclose()  # type: ignore[attr-defined]


@virtual
async def test_a_caller_that_ignores_a_smaller_credit_is_not_read() -> None:
    """Five refusals for overload, each of them alone on the stream; of all the rest only two messages are taken."""
    stage = Stage()
    node = stage.node()
    await stage.owner(node)
    stage.holds.steps.append(gate := Gate())
    first = asyncio.ensure_future(done(node, hold("h0", 1)))
    await gate.reached.wait()
    filling = lane_filled(node)
    await stage.clock.sleep(0.01)
    read = 0

    async def requests() -> AsyncIterator[pb.ExecuteCommandsRequest]:
        nonlocal read
        for number in range(5):
            yield message(number + 1, f"h{number}", 3)
            await stage.clock.sleep(0.01)
        for number in range(500):
            read += 1
            # There is room for releases; they wait for the turn.
            release = pb.ReleaseCommand(hold_id="h1", holder_id="h1")
            yield pb.ExecuteCommandsRequest(
                batch_id=number + 6, key=KEY, plan_version=1, commands=[pb.Command(release=release)]
            )

    answers = await opened(CommandStream(node, stage.clock).serve(requests()))
    assert [(await anext(answers)).credit for _ in range(5)] == [32, 16, 8, 4, 2]
    released = asyncio.ensure_future(anext(answers))
    await stage.clock.sleep(0.05)
    assert read == 2
    gate.open()
    assert (await released).credit == 3
    await asyncio.gather(first, *filling)
    await answers.aclose()  # type: ignore[attr-defined]
