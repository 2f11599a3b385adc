"""What is peculiar to the stream: many commands a message, columns that must fit, answers out of order, owners lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE

from services.inventory.adapters.memory_stores import MemoryPerformances
from tests.integration.inventory.callers import NAME, Ask, StreamCaller, hold_columns, next_answer
from tests.integration.inventory.node import HOUSE, PLAN_VERSION, Node, performance, running_node

KEY = pb.PerformanceKey(house_id=HOUSE, performance_id=NAME)
CAPACITY = 1_000


@pytest.fixture
async def node(redis_url: str, emptied_database_url: Callable[[str], str]) -> AsyncIterator[Node]:
    halls = [performance(capacity=CAPACITY), performance("perf_2", capacity=CAPACITY)]
    async with running_node(redis_url, emptied_database_url("inventory"), MemoryPerformances(*halls)) as running:
        yield running


@pytest.fixture
async def stream(node: Node) -> AsyncIterator[StreamCaller]:
    caller = StreamCaller(node)
    yield caller
    caller.close()


def message(*asks: Ask, batch_id: int = 1, **fields: object) -> pb.ExecuteCommandsRequest:
    wanted = {"batch_id": batch_id, "key": KEY, "plan_version": PLAN_VERSION, "holds": hold_columns(*asks)} | fields
    return pb.ExecuteCommandsRequest(**wanted)  # type: ignore[arg-type]


def holds(count: int, *, start: int = 0) -> list[Ask]:
    return [Ask("hold", f"h{n}", [2 * n, 2 * n + 1], holder_id=f"b{n}") for n in range(start, start + count)]


async def counts(node: Node) -> tuple[int, int, int]:
    found = (await node.stub.GetSeatMap(pb.GetSeatMapRequest(key=KEY))).counts
    return found.free, found.held, found.claimed


async def test_a_full_message_is_answered_position_by_position(node: Node, stream: StreamCaller) -> None:
    asks = holds(120)
    asks[7] = Ask("hold", "h7", asks[6].seats, holder_id="b7")
    rows = [
        pb.Command(
            claim=pb.ClaimCommand(
                order_id="o0", holder_id="b0", hold_id="h0", seat_indexes=[0, 1], channel=CHANNEL_ONLINE
            )
        ),
        pb.Command(confirm=pb.ConfirmCommand(order_id="nobody")),
        pb.Command(release=pb.ReleaseCommand(hold_id="h1", holder_id="b1")),
    ]
    answer = await stream.send(message(*asks, commands=rows))
    assert not answer.HasField("batch_refused")
    assert [position for position, until in enumerate(answer.hold_until_ms) if not until] == [7]
    assert len(answer.hold_until_ms) == 120
    assert [(no.position, no.reason, list(no.seat_indexes)) for no in answer.refused] == [
        (7, "SEATS_TAKEN", [12, 13]),
        (121, "CLAIM_NOT_FOUND", []),
    ]
    assert await counts(node) == (CAPACITY - 118 * 2, 117 * 2, 2)


async def test_a_malformed_hold_refuses_only_itself(node: Node, stream: StreamCaller) -> None:
    asks = holds(8)
    asks[1] = Ask("hold", "not a key", [100])
    asks[2] = Ask("hold", "h2", [102], holder_id="")
    asks[3] = Ask("hold", "h3", [])
    asks[4] = Ask("hold", "h4", [104, 104])
    asks[5] = Ask("hold", "h5", [CAPACITY])
    asks[6] = Ask("hold", "h6", range(200, 301))
    answer = await stream.send(message(*asks, commands=[pb.Command()]))
    assert [until > 0 for until in answer.hold_until_ms] == [True, *[False] * 6, True]
    assert [(no.position, no.reason) for no in answer.refused] == [(n, "FIELD_INVALID") for n in (1, 2, 3, 4, 5, 6, 8)]
    fields = [no.metadata["field"] for no in answer.refused]
    assert fields == ["hold_id", "holder_id", *["seat_indexes"] * 4, "commands.command"]
    assert all(no.metadata["limit"] for no in answer.refused)
    assert await counts(node) == (CAPACITY - 4, 4, 0)


def broken(field: str) -> pb.ExecuteCommandsRequest:
    sent = message(*holds(3))
    match field:
        case "hold_ids":
            sent.holds.hold_ids.append("h9")
        case "holder_ids":
            sent.holds.holder_ids.pop()
        case "seat_counts":
            sent.holds.seat_counts.append(0)
        case "seat_indexes":
            sent.holds.seat_indexes.append(40)
        case "too few seats":
            sent.holds.seat_indexes.pop()
        case "a huge count":
            sent.holds.seat_counts[0] = 2**32 - 1
        case "channel":
            sent.holds.channel = 17  # type: ignore[assignment]
        case "ttl":
            sent.holds.ttl_seconds = 2**32 - 1
        case _:
            sent.holds.seat_indexes.extend(range(128 * 100 + 1))
    return sent


BROKEN = {
    "hold_ids": "holds",
    "holder_ids": "holds",
    "seat_counts": "holds",
    "seat_indexes": "holds.seat_indexes",
    "too few seats": "holds.seat_indexes",
    "a huge count": "holds.seat_indexes",
    "seats": "holds.seat_indexes",
    "channel": "holds.channel",
    "ttl": "holds.ttl_seconds",
}


async def test_columns_that_do_not_fit_refuse_the_whole_message(node: Node, stream: StreamCaller) -> None:
    """No position of it can be trusted; the stream goes on."""
    for what, field in BROKEN.items():
        answer = await stream.send(broken(what))
        assert answer.batch_refused.reason == "FIELD_INVALID", what
        assert answer.batch_refused.metadata["field"] == field, what
        assert answer.batch_refused.metadata["limit"], what
        assert not answer.hold_until_ms, what
        assert await counts(node) == (CAPACITY, 0, 0), what
    assert (await stream(Ask("hold", "h1", [1]))).reason == ""


async def test_a_message_holds_one_turns_commands(stream: StreamCaller) -> None:
    for count in (0, 129):
        sent = message(*holds(max(count, 1)))
        if not count:
            sent.ClearField("holds")
        answer = await stream.send(sent)
        assert (answer.batch_refused.reason, answer.batch_refused.metadata["field"]) == ("FIELD_INVALID", "commands")
        assert "128" in answer.batch_refused.metadata["limit"]


async def test_a_message_about_what_is_not_the_callers_is_refused_whole(node: Node, stream: StreamCaller) -> None:
    await stream(Ask("hold", "h100", [500]))
    strange: list[tuple[dict[str, object], str]] = [
        ({"plan_version": 9}, "PLAN_VERSION_MISMATCH"),
        ({"plan_version": 0}, "FIELD_INVALID"),
        ({"key": pb.PerformanceKey(house_id="house_2", performance_id=NAME)}, "PERFORMANCE_NOT_FOUND"),
        ({"key": pb.PerformanceKey()}, "FIELD_INVALID"),
    ]
    for fields, reason in strange:
        answer = await stream.send(message(*holds(2), **({"batch_id": 77} | fields)))  # type: ignore[arg-type]
        assert (answer.batch_id, answer.batch_refused.reason) == (77, reason)
        assert await counts(node) == (CAPACITY - 1, 1, 0)


async def test_answers_are_matched_by_batch_id_whatever_their_order(node: Node) -> None:
    """A message for a cold performance does not keep one for a warm one waiting."""
    call = node.stub.ExecuteCommands()
    cold = pb.PerformanceKey(house_id=HOUSE, performance_id="perf_2")
    for number in range(20):
        await call.write(message(*holds(5, start=5 * number), batch_id=number + 1, key=cold if number % 2 else KEY))
    answers = {}
    for _ in range(20):
        answer = await next_answer(call)
        answers[answer.batch_id] = answer
    await call.done_writing()
    assert sorted(answers) == list(range(1, 21))
    assert all(len(answer.hold_until_ms) == 5 and not answer.refused for answer in answers.values())
    assert await counts(node) == (CAPACITY - 100, 100, 0)


async def test_a_message_whose_time_is_over_changes_nothing(node: Node) -> None:
    """The time left is counted from its arrival: one millisecond is over before a turn with a hundred others is."""
    call = node.stub.ExecuteCommands()
    for number in range(40):
        await call.write(message(*holds(10, start=10 * number), batch_id=number + 1, timeout_ms=1 if number % 4 else 0))
    late = held = 0
    for _ in range(40):
        answer = await next_answer(call)
        assert not answer.HasField("batch_refused")
        held += sum(until > 0 for until in answer.hold_until_ms)
        late += sum(no.reason == "DEADLINE_PASSED" for no in answer.refused)
        assert not answer.refused or answer.batch_id % 4 != 1
    await call.done_writing()
    assert held + late == 400
    assert await counts(node) == (CAPACITY - 2 * held, 2 * held, 0)


async def test_the_stream_outlives_the_loss_of_its_owner_and_the_same_ids_are_one_effect(
    node: Node, stream: StreamCaller
) -> None:
    """While the node has no lease the answer is UNAVAILABLE; then the same message has its effect once."""
    first = await stream.send(message(*holds(4)))
    assert not first.refused
    await node.lease.resign()
    lost = await stream.send(message(*holds(6), batch_id=2))
    assert (lost.batch_id, lost.batch_refused.reason) == (2, "UNAVAILABLE")
    assert lost.batch_refused.metadata["fault"] == "LeaseLost"
    await node.lease.renew()
    again = await stream.send(message(*holds(6), batch_id=3))
    assert list(again.hold_until_ms[:4]) == list(first.hold_until_ms)
    assert again.epoch > first.epoch
    assert await counts(node) == (CAPACITY - 12, 12, 0)


async def test_an_owner_dropped_under_a_flood_answers_every_message_and_loses_no_told_hold(node: Node) -> None:
    """RULE 8, RULE 9: the lease goes and comes back in the middle; callers send what was refused again."""
    call = node.stub.ExecuteCommands()
    waiting = {number + 1: holds(5, start=5 * number) for number in range(60)}
    told: set[str] = set()

    async def send(batch_id: int) -> None:
        await call.write(message(*waiting[batch_id], batch_id=batch_id))

    for batch_id in waiting:
        await send(batch_id)
        if batch_id == 20:
            await node.lease.resign()
    refused = 0
    while waiting:
        answer = await next_answer(call)
        if answer.HasField("batch_refused"):
            assert answer.batch_refused.reason == "UNAVAILABLE"
            refused += 1
            if not node.lease.is_valid():
                await node.lease.renew()
            await send(answer.batch_id)
            continue
        assert all(answer.hold_until_ms)
        told |= {ask.id for ask in waiting.pop(answer.batch_id)}
    await call.done_writing()
    assert refused > 0
    assert len(told) == 300
    assert await counts(node) == (CAPACITY - 600, 600, 0)


async def test_many_streams_at_once_share_the_seats_without_doubles(node: Node) -> None:
    """Twenty gateways want the same hall; each hold is told to one."""
    taken: list[int] = []

    async def gateway(number: int) -> None:
        stream = StreamCaller(node)
        for start in range(0, 100, 20):
            asks = [
                Ask("hold", f"g{number}_{seat}", [seat], holder_id=f"g{number}_{seat}")
                for seat in range(start, start + 20)
            ]
            answer = await stream.send(message(*asks, batch_id=start + 1))
            taken.extend(start + position for position, until in enumerate(answer.hold_until_ms) if until)
        stream.close()

    await asyncio.gather(*(gateway(number) for number in range(20)))
    assert sorted(taken) == list(range(100))
