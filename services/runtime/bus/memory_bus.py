"""The bus inside one process: the twin of the others in tests and simulation. It keeps nothing beyond the process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.runtime.bus.assignment import fair_share, partition_of
from services.runtime.bus.batches import Batches
from services.runtime.bus.faults import BusClosed, PartitionLost, TopicMissing
from services.runtime.bus.limits import BATCH_MAX_BYTES, BATCH_MAX_MESSAGES, check_message, check_topics
from services.runtime.bus.port import Delivered, Message, PartitionState, Subscription

Partition = tuple[str, int]


@dataclass(slots=True)
class _Group:
    """`owners` says who reads a partition now; it changes hands only between two batches of the old owner."""

    members: dict[str, MemorySubscription] = field(default_factory=dict)
    owners: dict[Partition, str] = field(default_factory=dict)
    committed: dict[Partition, int] = field(default_factory=dict)  # the next offset to read


class MemoryBus:
    """See ManagedBus. Messages are stored one at a time, without an await in between."""

    def __init__(self) -> None:
        self._logs: dict[str, list[list[Delivered]]] = {}
        self._groups: dict[str, _Group] = {}
        self._member_count = 0
        self._closed = False

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        """See Bus.create_topics (MessageRefused)."""
        check_topics(topics)
        for topic, partitions in topics.items():
            self._logs.setdefault(topic, [[] for _ in range(partitions)])
        for group in self._groups.values():
            self._wake(group)

    async def publish(self, messages: Sequence[Message]) -> None:
        """See Bus.publish (MessageRefused, TopicMissing)."""
        self._require_open()
        for message in messages:
            check_message(message)
            if message.topic not in self._logs:
                raise TopicMissing(topic=message.topic)
        for message in messages:
            logs = self._logs[message.topic]
            partition = partition_of(message.key, len(logs))
            stored = replace(message, headers=dict(message.headers))
            logs[partition].append(Delivered(stored, partition, len(logs[partition])))
        for group in self._groups.values():
            self._wake(group)

    async def subscribe(self, group: str, topics: Sequence[str], *, unhurried: bool = False) -> Subscription:
        self._require_open()
        self._member_count += 1
        state = self._groups.setdefault(group, _Group())
        member = MemorySubscription(self, state, f"member-{self._member_count:06}", topics)
        state.members[member.name] = member
        self._wake(state)
        return member

    async def partitions(self) -> Sequence[PartitionState]:
        return [
            PartitionState(topic, partition, 0, len(log))
            for topic, logs in sorted(self._logs.items())
            for partition, log in enumerate(logs)
        ]

    async def groups(self) -> Sequence[str]:
        return sorted(self._groups)

    async def committed(self, group: str) -> Mapping[Partition, int]:
        return dict(self._groups[group].committed) if group in self._groups else {}

    async def first_from(self, places: Mapping[Partition, int]) -> Sequence[Delivered]:
        return [
            self._logs[topic][partition][offset]
            for (topic, partition), offset in places.items()
            if (topic, partition) in self.places([topic]) and offset < len(self._logs[topic][partition])
        ]

    async def delete_groups(self, groups: Collection[str]) -> Collection[str]:
        known = sorted(name for name in groups if name in self._groups)
        staying = [name for name in known if self._groups[name].members]
        for name in known:
            if name not in staying:
                del self._groups[name]
        return staying

    async def delete_topics(self, topics: Collection[str]) -> None:
        for topic in topics:
            self._logs.pop(topic, None)
        for group in self._groups.values():
            for place in [place for place in group.committed if place[0] in topics]:
                del group.committed[place]
            self._wake(group)

    async def close(self) -> None:
        """See Bus.close; every subscription ends."""
        self._closed = True
        for group in self._groups.values():
            for member in list(group.members.values()):
                await member.close()

    def log(self, topic: str, partition: int) -> Sequence[Delivered]:
        """Everything ever published to one partition; for subscriptions and auditors."""
        return self._logs[topic][partition]

    def places(self, topics: Sequence[str]) -> list[Partition]:
        """The partitions of those of the topics that exist."""
        return [(topic, partition) for topic in topics for partition in range(len(self._logs.get(topic, ())))]

    def _require_open(self) -> None:
        if self._closed:
            raise BusClosed

    @staticmethod
    def _wake(group: _Group) -> None:
        for member in group.members.values():
            member.woken.set()


class MemorySubscription:
    """One member. Gives up and takes partitions only when it is asked for its next batch."""

    def __init__(self, bus: MemoryBus, group: _Group, name: str, topics: Sequence[str]) -> None:
        self.name = name
        self.topics = tuple(topics)
        self.woken = asyncio.Event()
        self._bus = bus
        self._group = group
        self._positions: dict[Partition, int] = {}
        self._turns: deque[Partition] = deque()  # whose turn it is, so that no partition starves
        self._closed = False

    def batches(self) -> AsyncIterator[Sequence[Delivered]]:
        return Batches(self._take)

    async def commit(self, delivered: Delivered) -> None:
        """See Subscription.commit (PartitionLost)."""
        partition = (delivered.message.topic, delivered.partition)
        if self._closed or self._group.owners.get(partition) != self.name:
            raise PartitionLost(topic=partition[0], partition=partition[1])
        committed = self._group.committed
        committed[partition] = max(committed.get(partition, 0), delivered.offset + 1)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._group.members.pop(self.name, None)
        self._give_up(set())
        self._wake_all()
        self.woken.set()

    async def _take(self) -> Sequence[Delivered] | None:
        while not self._closed:
            self.woken.clear()
            self._rebalance()
            for _ in range(len(self._turns)):
                partition = self._turns[0]
                self._turns.rotate(-1)
                batch = self._read(partition)
                if batch:
                    self._positions[partition] = batch[-1].offset + 1
                    return batch
            await self.woken.wait()
        return None

    def _read(self, partition: Partition) -> list[Delivered]:
        position = self._positions[partition]
        batch: list[Delivered] = []
        size = 0
        for delivered in self._bus.log(*partition)[position : position + BATCH_MAX_MESSAGES]:
            size += len(delivered.message.payload)
            if batch and size > BATCH_MAX_BYTES:
                break
            batch.append(delivered)
        return batch

    def _rebalance(self) -> None:
        members = {name: member.topics for name, member in self._group.members.items()}
        shares = fair_share(members, self._bus.places(sorted({t for topics in members.values() for t in topics})))
        mine = {partition for partition, owner in shares.items() if owner == self.name}
        if self._give_up(mine):
            self._wake_all()
        for partition in sorted(mine - self._positions.keys()):
            if partition not in self._group.owners:
                self._group.owners[partition] = self.name
                self._positions[partition] = self._group.committed.get(partition, 0)
                self._turns.append(partition)

    def _give_up(self, keep: set[Partition]) -> bool:
        lost = self._positions.keys() - keep
        for partition in lost:
            del self._positions[partition]
            del self._group.owners[partition]
            self._turns.remove(partition)
        return bool(lost)

    def _wake_all(self) -> None:
        for member in self._group.members.values():
            member.woken.set()
