"""How members of one group share a topic. On Kafka these need a real broker: the mock refuses a second member."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest

from services.runtime.bus.faults import PartitionLost
from services.runtime.bus.port import Delivered, Subscription
from services.runtime.testing import eventually
from tests.contract.bus.reading import PARTITIONS, PATIENCE_SECONDS, Desk, Member, payloads

pytestmark = pytest.mark.kafka

KEYS = [f"performance_{n}" for n in range(40)]
SHORT_SECONDS = 2.0  # longer than any adapter needs to hand a free partition over


def ignore(_member: Member, _batch: Sequence[Delivered]) -> None:
    """Notes nothing."""


async def publish_round(desk: Desk, n: int) -> None:
    """One message for each key."""
    await desk.bus.publish([desk.message(f"{n}", key) for key in KEYS])


def partitions(member: Member, since: int = 0) -> set[int]:
    """The partitions a member read, leaving out its first `since` messages."""
    return {delivered.partition for delivered in member.read[since:]}


async def settled(desk: Desk, *members: Member) -> int:
    """Publishes rounds until the partitions are shared out among all members; returns how many rounds it took."""
    rounds = 0

    async def shared() -> None:
        nonlocal rounds
        before = [len(member.read) for member in members]
        await publish_round(desk, rounds)
        rounds += 1
        await eventually(lambda: sum(len(m.read) for m in members) - sum(before) >= len(KEYS), PATIENCE_SECONDS)
        shares = [partitions(member, count) for member, count in zip(members, before, strict=True)]
        assert all(shares)
        assert sum(len(share) for share in shares) == PARTITIONS

    await eventually(shared, PATIENCE_SECONDS)
    return rounds


async def test_members_share_the_partitions_and_every_message_comes_once(desk: Desk) -> None:
    one = Member(await desk.subscribe(), ignore)
    await settled(desk, one)
    two = Member(await desk.subscribe(), ignore)
    rounds = await settled(desk, one, two)
    seen_one, seen_two = len(one.read), len(two.read)
    for n in range(5):
        await publish_round(desk, rounds + n)
    await eventually(lambda: len(one.read) + len(two.read) - seen_one - seen_two == 5 * len(KEYS), PATIENCE_SECONDS)
    assert not partitions(one, seen_one) & partitions(two, seen_two)
    assert len(partitions(one, seen_one)) == len(partitions(two, seen_two)) == PARTITIONS // 2
    await one.leave()
    await two.leave()


async def test_a_member_that_leaves_hands_its_partitions_over(desk: Desk) -> None:
    one, two = Member(await desk.subscribe(), ignore), Member(await desk.subscribe(), ignore)
    rounds = await settled(desk, one, two)
    await one.leave()
    seen = len(two.read)
    await publish_round(desk, rounds)
    await eventually(lambda: partitions(two, seen) == set(range(PARTITIONS)), PATIENCE_SECONDS)
    await two.leave()


async def test_uncommitted_messages_of_a_member_that_leaves_go_to_another(desk: Desk) -> None:
    await desk.publish("1", "2")
    one = await desk.subscribe()
    async with asyncio.timeout(PATIENCE_SECONDS):
        batch = await anext(aiter(one.batches()))
    assert payloads(batch) == ["1", "2"]
    two = Member(await desk.subscribe(), ignore)
    await one.close()
    await eventually(lambda: payloads(two.read) == ["1", "2"], PATIENCE_SECONDS)
    await two.leave()


async def test_a_partition_changes_hands_only_between_two_batches(desk: Desk) -> None:
    """The only member has all partitions and is at work: who joins gets nothing until it asks for its next batch."""
    await publish_round(desk, 0)
    one = await desk.subscribe()
    batches = aiter(one.batches())
    async with asyncio.timeout(PATIENCE_SECONDS):
        at_work = await anext(batches)
    two = Member(await desk.subscribe(), ignore)
    with pytest.raises(AssertionError):
        await eventually(lambda: two.read, SHORT_SECONDS)
    await one.commit(at_work[-1])

    reading = asyncio.create_task(_drain(one, batches))
    await publish_round(desk, 1)
    await eventually(lambda: len(partitions(two)) >= PARTITIONS // 2, PATIENCE_SECONDS)
    done = {(d.partition, d.offset) for d in at_work}
    assert not done & {(d.partition, d.offset) for d in two.read}
    await one.close()
    # Closed in the middle of a batch, it may not note any more how far it came.
    with contextlib.suppress(PartitionLost):
        await reading
    await two.leave()


async def _drain(subscription: Subscription, batches: AsyncIterator[Sequence[Delivered]]) -> None:
    async for batch in batches:
        await subscription.commit(batch[-1])
