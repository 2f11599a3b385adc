"""RULE 22: the same commands get the same answers over unary calls and over the stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, CHANNEL_UNSPECIFIED

from services.contracts.bounds import MAX_HOLD_TTL_SECONDS
from services.inventory.adapters.memory_stores import MemoryPerformances
from tests.integration.inventory.callers import NAME, YES, Ask, Caller, StreamCaller, UnaryCaller
from tests.integration.inventory.node import HOUSE, Node, performance, running_node

UNKNOWN = "perf_unknown"
# Each story is asked in order: what, and the reason of the answer.
STORIES: dict[str, list[tuple[Ask, str]]] = {
    "a hold through claim, sale and its cancellation": [
        (Ask("hold", "h1", [1, 2]), YES),
        (Ask("claim", "o1", [1, 2], hold_id="h1"), YES),
        (Ask("confirm", "o1"), YES),
        (Ask("confirm", "o1"), YES),
        (Ask("cancel_claim", "o1"), "CLAIM_ALREADY_SOLD"),
        (Ask("cancel_sale", "o1"), YES),
        (Ask("cancel_sale", "o1"), YES),
        (Ask("hold", "h2", [1, 2]), YES),
    ],
    "every command again gets its first answer": [
        (Ask("hold", "h1", [1]), YES),
        (Ask("hold", "h1", [1]), YES),
        (Ask("extend", "h1"), YES),
        (Ask("move", "h1", [3]), YES),
        (Ask("move", "h1", [3]), YES),
        (Ask("claim", "o1", [3], hold_id="h1"), YES),
        (Ask("claim", "o1", [3], hold_id="h1"), YES),
        (Ask("cancel_claim", "o1"), YES),
        (Ask("cancel_claim", "o1"), YES),
        (Ask("hold", "h1", [1]), "HOLD_ENDED"),
    ],
    "an id with other content is refused": [
        (Ask("hold", "h1", [1]), YES),
        (Ask("hold", "h1", [2]), "IDEMPOTENCY_KEY_REUSED"),
        (Ask("hold", "h1", [1], holder_id="bert"), "IDEMPOTENCY_KEY_REUSED"),
        (Ask("hold", "h1", [1], channel=CHANNEL_BOX_OFFICE), "IDEMPOTENCY_KEY_REUSED"),
        (Ask("hold", "h1", [1], ttl_seconds=60), "IDEMPOTENCY_KEY_REUSED"),
        (Ask("claim", "o1", [1], hold_id="h1"), YES),
        (Ask("claim", "o1", [2]), "IDEMPOTENCY_KEY_REUSED"),
    ],
    "all the seats or none": [
        (Ask("hold", "h1", [5]), YES),
        (Ask("hold", "h2", [4, 5, 6], holder_id="bert"), "SEATS_TAKEN"),
        (Ask("hold", "h3", [4, 6], holder_id="bert"), YES),
        (Ask("move", "h3", [5, 6], holder_id="bert"), "SEATS_TAKEN"),
        (Ask("claim", "o9", [7, 5], holder_id="bert"), "SEATS_TAKEN"),
        (Ask("block", seats=[5, 8]), "SEATS_TAKEN"),
    ],
    "a stranger's hold cannot be touched": [
        (Ask("hold", "h1", [1]), YES),
        (Ask("extend", "h1", holder_id="bert"), "HOLD_FOREIGN"),
        (Ask("move", "h1", [2], holder_id="bert"), "HOLD_FOREIGN"),
        (Ask("release", "h1", holder_id="bert"), "HOLD_FOREIGN"),
        (Ask("claim", "o1", [1], hold_id="h1", holder_id="bert"), "HOLD_FOREIGN"),
        (Ask("release", "h1"), YES),
    ],
    "a release may name the seats that it means": [
        (Ask("hold", "h1", [1, 2]), YES),
        (Ask("move", "h1", [3, 4]), YES),
        (Ask("release", "h1", [2, 1]), "SEATS_NOT_HELD"),
        (Ask("release", "h1", [3]), "SEATS_NOT_HELD"),
        (Ask("hold", "h2", [3], holder_id="bert"), "SEATS_TAKEN"),
        (Ask("release", "h1", [3, 4], plan_version=2), "PLAN_VERSION_MISMATCH"),
        (Ask("release", "h1", [4, 3]), YES),
        (Ask("release", "h1", [4, 3]), YES),
        (Ask("hold", "h2", [3], holder_id="bert"), YES),
    ],
    "what is not there": [
        (Ask("extend", "h9"), "HOLD_NOT_FOUND"),
        (Ask("move", "h9", [1]), "HOLD_NOT_FOUND"),
        (Ask("release", "h9"), YES),
        (Ask("claim", "o9", [1], hold_id="h9"), "HOLD_NOT_FOUND"),
        (Ask("confirm", "o9"), "CLAIM_NOT_FOUND"),
        (Ask("cancel_claim", "o9"), YES),
        (Ask("unblock", seats=[1]), YES),
    ],
    "a claim names the very seats of its hold": [
        (Ask("hold", "h1", [1, 2]), YES),
        (Ask("claim", "o1", [1], hold_id="h1"), "CLAIM_MISMATCH"),
        (Ask("claim", "o1", [1, 2], hold_id="h1"), YES),
        (Ask("cancel_sale", "o1"), "CLAIM_NOT_SOLD"),
    ],
    "a late payment claims free seats again": [
        (Ask("hold", "h1", [1]), YES),
        (Ask("release", "h1"), YES),
        (Ask("claim", "o1", [1], hold_id="h1"), "HOLD_ENDED"),
        (Ask("claim", "o1", [1]), YES),
        (Ask("hold", "h2", [1], holder_id="bert"), "SEATS_TAKEN"),
    ],
    "blocked seats are off sale until they are unblocked": [
        (Ask("block", seats=[1, 2]), YES),
        (Ask("block", seats=[2, 3]), YES),
        (Ask("hold", "h1", [3]), "SEATS_TAKEN"),
        (Ask("unblock", seats=[3, 4]), YES),
        (Ask("hold", "h1", [3]), YES),
        (Ask("unblock", seats=[3]), "SEATS_TAKEN"),
    ],
    "a holder has so many seats and no more": [
        (Ask("hold", "h1", range(10)), YES),
        (Ask("hold", "h2", [20]), "HOLDER_LIMIT"),
        (Ask("move", "h1", range(11)), "HOLDER_LIMIT"),
        (Ask("hold", "h2", [20], holder_id="bert"), YES),
    ],
    "another house's performance, another plan's seats": [
        (Ask("hold", "h1", [1], house_id="house_2"), "PERFORMANCE_NOT_FOUND"),
        (Ask("hold", "h1", [1], performance_id=UNKNOWN), "PERFORMANCE_NOT_FOUND"),
        (Ask("hold", "h1", [1]), YES),
        (Ask("extend", "h1", house_id="house_2"), "PERFORMANCE_NOT_FOUND"),
        (Ask("hold", "h2", [2], plan_version=4), "PLAN_VERSION_MISMATCH"),
        (Ask("move", "h1", [2], plan_version=2), "PLAN_VERSION_MISMATCH"),
    ],
}

# Malformed in one field each, and its name.
MALFORMED = [
    (Ask("hold", "bad key!", [1]), "hold_id"),
    (Ask("hold", "two keys", [1]), "hold_id"),
    (Ask("hold", "", [1]), "hold_id"),
    (Ask("hold", "h" * 65, [1]), "hold_id"),
    (Ask("hold", "h1", [1], holder_id="a b"), "holder_id"),
    (Ask("hold", "h1", [1], channel=CHANNEL_UNSPECIFIED), "channel"),
    (Ask("hold", "h1", [1], ttl_seconds=86_401), "ttl_seconds"),
    (Ask("hold", "h1", [1], ttl_seconds=MAX_HOLD_TTL_SECONDS + 1), "ttl_seconds"),
    (Ask("extend", "h1", ttl_seconds=MAX_HOLD_TTL_SECONDS + 1), "ttl_seconds"),
    (Ask("hold", "h1", []), "seats"),
    (Ask("hold", "h1", [1, 1]), "seats"),
    (Ask("hold", "h1", range(101)), "seats"),
    (Ask("extend", "h1", ttl_seconds=2**31), "ttl_seconds"),
    (Ask("extend", "h1", holder_id=""), "holder_id"),
    (Ask("move", "h1", []), "seats"),
    (Ask("release", "h\n"), "hold_id"),
    (Ask("release", "h1", [1, 1]), "seats"),
    (Ask("claim", "o 1", [1]), "order_id"),
    (Ask("claim", "o1", [1], hold_id="h 1"), "hold_id"),
    (Ask("claim", "o1", [2, 2]), "seats"),
    (Ask("claim", "o1", [1], channel=CHANNEL_UNSPECIFIED), "channel"),
    (Ask("confirm", ""), "order_id"),
    (Ask("cancel_claim", "ö"), "order_id"),
    (Ask("cancel_sale", "o" * 65), "order_id"),
    (Ask("block", seats=[1], reason=""), "reason"),
    (Ask("block", seats=[1], reason="x" * 201), "reason"),
    (Ask("block", seats=[]), "seats"),
    (Ask("unblock", seats=[3, 3]), "seats"),
    (Ask("hold", "h1", [1], house_id="house 1"), "key.house_id"),
    (Ask("hold", "h1", [1], performance_id=""), "key.performance_id"),
]


@pytest.fixture
async def node(redis_url: str, emptied_database_url: Callable[[str], str]) -> AsyncIterator[Node]:
    halls = [performance(f"perf_{number}") for number in range(len(STORIES))]
    async with running_node(redis_url, emptied_database_url("inventory"), MemoryPerformances(*halls)) as running:
        yield running


@pytest.fixture(params=["unary", "stream"])
async def caller(request: pytest.FixtureRequest, node: Node) -> AsyncIterator[Caller]:
    if request.param == "unary":
        yield UnaryCaller(node)
        return
    stream = StreamCaller(node)
    yield stream
    stream.close()


async def seat_states(node: Node, performance_id: str = NAME) -> bytes:
    key = pb.PerformanceKey(house_id=HOUSE, performance_id=performance_id)
    return (await node.stub.GetSeatMap(pb.GetSeatMapRequest(key=key))).seat_states


async def test_every_story_goes_the_same_way(caller: Caller, node: Node) -> None:
    """Each in a hall of its own; what is refused changes nothing."""
    for number, (story, steps) in enumerate(STORIES.items()):
        hall = f"perf_{number}"
        for ask, reason in steps:
            before = await seat_states(node, hall)
            here = ask if ask.performance_id == UNKNOWN else replace(ask, performance_id=hall)
            outcome = await caller(here)
            assert outcome.reason == reason, (story, ask, outcome)
            assert reason == YES or await seat_states(node, hall) == before


async def test_a_taken_seat_is_named_and_a_granted_hold_says_its_end(caller: Caller) -> None:
    granted = await caller(Ask("hold", "h1", [5, 7]))
    assert granted.hold_until_ms > 1_700_000_000_000
    assert (await caller(Ask("hold", "h2", [4, 5, 6, 7], holder_id="bert"))).seats == (5, 7)
    extended = await caller(Ask("hold", "h3", [9], ttl_seconds=60))
    assert extended.hold_until_ms < granted.hold_until_ms


async def test_everything_malformed_is_refused_by_its_field_and_changes_nothing(caller: Caller, node: Node) -> None:
    await caller(Ask("hold", "taken", [50]))
    before = await seat_states(node)
    for ask, field in MALFORMED:
        outcome = await caller(ask)
        assert outcome.reason == "FIELD_INVALID", (ask, outcome)
        assert field in outcome.field or (field == "seats" and "seat_indexes" in outcome.field), (ask, outcome)
        assert await seat_states(node) == before


async def test_a_seat_that_is_not_in_the_plan_is_refused(caller: Caller) -> None:
    """By its id it is unknown, by its index it is out of bounds."""
    for ask in (Ask("hold", "h1", [100]), Ask("block", seats=[1, 2**32 - 1]), Ask("claim", "o1", [1_000_000])):
        assert (await caller(ask)).reason in {"SEAT_UNKNOWN", "FIELD_INVALID"}
