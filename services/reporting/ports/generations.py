"""Read models by generation: opened, compared, served, dropped."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from services.runtime.errors import Retryable


class GenerationGone(Retryable):
    """A rebuild has put another generation in this one's place."""


# The read model that was there before there were several: its groups are named by their generation alone.
TOTALS_MODEL = "totals"


def group_of(generation: int, model: str = TOTALS_MODEL) -> str:
    """The consumer group that fills a generation: a new group reads its topics from the start."""
    return f"reporting-{generation}" if model == TOTALS_MODEL else f"reporting-{model}-{generation}"


@dataclass(frozen=True, slots=True, order=True)
class ProgressKey:
    """What a read model can be behind with: a key of a topic, as one source tells of it."""

    topic: str
    key: str
    source: str


Progress = Mapping[ProgressKey, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Stuck:
    """A key that goes no further: the event it stopped at, and the class of the error."""

    sequence: int
    error: str


class Generations(Protocol):
    """One read model by generation. One is told to people; a new one is built beside it and then takes its place."""

    async def serving(self) -> int:
        """The generation that is told to people."""
        ...

    async def begin(self) -> int:
        """Opens an empty generation and returns its number, never used before; drops what a rebuild cut short left."""
        ...

    async def kept(self) -> Collection[int]:
        """Every generation there is, served or being built."""
        ...

    async def progress(self, generation: int) -> Progress:
        """How far each key is, in numbers that only grow. Raises GenerationGone."""
        ...

    async def serve(self, generation: int) -> None:
        """Tells `generation` to people from now on and drops every other one. Raises GenerationGone."""
        ...

    async def abandon(self, generation: int) -> None:
        """Drops a generation that is not told to people; no error when it is gone already."""
        ...
