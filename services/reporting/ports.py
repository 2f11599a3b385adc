"""What reporting's handlers and API need of the outside: the read model to write, to read, and to prove."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.reporting.domain.totals import OrderFigures, Totals
from services.runtime.errors import Retryable


class GenerationGone(Retryable):
    """A rebuild has put another generation in this one's place."""


class ReadModel(Protocol):
    """The read model inside one transaction, which is the event's own."""

    async def load(
        self, house_id: str, performance_id: str, order_id: str | None
    ) -> tuple[Totals, OrderFigures | None]:
        """The performance's totals, new ones if there are none, and what is known of one of its orders.

        Nobody else changes the performance until the transaction ends. Raises GenerationGone.
        """
        ...

    async def save(self, before: Totals, after: Totals, order: OrderFigures | None) -> None:
        """Writes the totals where they differ from `before`, which load() returned, and the order."""
        ...


class TotalsReader(Protocol):
    """The read model as people are told of it."""

    async def totals(self, house_id: str, performance_id: str) -> Totals | None:
        """One performance of one house; None if the house has no such performance."""
        ...

    async def page(self, house_id: str, after_performance_id: str, limit: int) -> Sequence[Totals]:
        """The house's performances in order of id, those after the given id, at most `limit`."""
        ...


def group_of(generation: int) -> str:
    """The consumer group that fills a generation: a new group reads its topics from the start."""
    return f"reporting-{generation}"


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
    """Read models by generation. One is told to people; a new one is built beside it and then takes its place."""

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


class History(Protocol):
    """The topics, as somebody reads them who builds anew."""

    async def fill(self, generation: int) -> None:
        """Brings events into a generation, those that are there and those that come; never ends by itself."""
        ...

    async def end(self) -> Mapping[tuple[str, int], int]:
        """Where the topics end now, by topic and partition."""
        ...

    async def passed(self, generation: int, end: Mapping[tuple[str, int], int]) -> bool:
        """Whether everything up to `end` has been read for the generation."""
        ...

    def stuck(self, generation: int) -> Mapping[ProgressKey, Stuck]:
        """The keys that this process's fill() had to leave where they are."""
        ...

    async def forget_others(self, kept: Callable[[], Awaitable[Collection[int]]]) -> Collection[str]:
        """Removes from the bus what generations that are no more left there; what is in use still is returned."""
        ...
