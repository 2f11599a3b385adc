"""What can go wrong on a bus, the same for every adapter."""

from __future__ import annotations

from services.runtime.errors import Fatal, Retryable


class MessageRefused(Fatal):
    """A message or topic is out of bounds; nothing was published."""


class BusUrlInvalid(Fatal):
    """The bus URL must be kafka://host:port[,host:port], postgresql+asyncpg://... or memory://."""


class TopicMissing(Retryable):
    """A topic does not exist yet; create_topics makes it."""


class BusUnreachable(Retryable):
    """The bus did not answer; what was asked may or may not have been done."""


class PartitionLost(Retryable):
    """Another member may read this partition by now; its messages come again, to whoever has it."""


class BusClosed(Fatal):
    """The bus was closed by its owner."""
