"""The bus contract: topics split into partitions by key, order kept per key, delivery at least once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
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
        """Creates the topics that are missing, with so many partitions. Existing ones are left as they are."""
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Returns when every message is stored. On an exception some may be: publish all of them again, in order."""
        ...

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        """Joins a group; a new group starts at the beginning of the topics."""
        ...

    async def close(self) -> None:
        """Lets connections go."""
        ...
