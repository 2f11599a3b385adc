"""The bus contract: topics split into partitions by key, order kept per key, delivery at least once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """What is published: an event's bytes and its CloudEvents headers (binary mode, `ce_...`)."""

    topic: str
    key: str
    payload: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message as it comes back, with where it stood."""

    message: Message
    partition: int
    offset: int


class Subscription(Protocol):
    """One member of a consumer group. Partitions are shared among the members; each is read by one at a time."""

    def batches(self) -> AsyncIterator[Sequence[Delivered]]:
        """Batches of one partition each, offsets ascending. Waits when there is nothing. Ends after close()."""
        ...

    async def commit(self, delivered: Delivered) -> None:
        """Records that everything of its partition up to and with `delivered` is done. Monotonic."""
        ...

    async def close(self) -> None:
        """Leaves the group; uncommitted messages go to another member."""
        ...


class Bus(Protocol):
    """The bus a service is handed. Adapters: kafka_bus, postgres_bus, memory_bus (tests)."""

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        """Creates the topics that are missing, with so many partitions; existing ones keep partitions and messages.

        How long each keeps its messages is brought to what topics.py says, for existing ones too.
        """
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Returns when every message is stored. On an exception some may be: publish all of them again, in order."""
        ...

    async def subscribe(self, group: str, topics: Sequence[str], *, unhurried: bool = False) -> Subscription:
        """Joins a group; a new group starts at the beginning of the topics.

        `unhurried`: nobody waits for what it does; in a crowd it may read seldom and much, where a bus can do that.
        """
        ...

    async def close(self) -> None:
        """Lets connections go."""
        ...


@dataclass(frozen=True, slots=True)
class PartitionState:
    """What a partition holds: offsets from `first_offset` up to, not with, `end_offset`."""

    topic: str
    partition: int
    first_offset: int
    end_offset: int


class BusAdmin(Protocol):
    """What operators and rebuilds ask of a bus beside messages."""

    async def partitions(self) -> Sequence[PartitionState]:
        """Every partition of every topic, in order of topic and number."""
        ...

    async def groups(self) -> Sequence[str]:
        """The names of all groups that the bus remembers, in order."""
        ...

    async def committed(self, group: str) -> Mapping[tuple[str, int], int]:
        """(topic, partition) to the next offset the group reads; only where it ever committed. Empty: no such group."""
        ...

    async def first_from(self, places: Mapping[tuple[str, int], int]) -> Sequence[Delivered]:
        """For each (topic, partition) its first message at or behind the offset, where there is one. Joins no group."""
        ...

    async def delete_groups(self, groups: Collection[str]) -> Collection[str]:
        """Forgets groups with what they committed. Returns those that stay because a member is (or may be) alive."""
        ...

    async def delete_topics(self, topics: Collection[str]) -> None:
        """Deletes topics with all their messages; one that is not there is no error."""
        ...


class ManagedBus(Bus, BusAdmin, Protocol):
    """A bus with its administration: what services.runtime.bus.factory opens."""
