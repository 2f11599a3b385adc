"""What reporting's handlers and API need of the outside: the read model to write, to read, and to prove."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One invariant, looked at. `violations`: at most 100 rows that break it, each with its keys spelled out."""

    invariant: str
    name: str
    examined: int
    violations: tuple[str, ...]


class ReadModelAudit(Protocol):
    """What the audit asks, over all houses. An empty performance id is every performance."""

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        """INV-5 and INV-7 as reporting can see them."""
        ...

    def all_totals(self, performance_id: str) -> AsyncIterator[Sequence[Totals]]:
        """Everything reporting tells people, in pages."""
        ...


def group_of(generation: int) -> str:
    """The consumer group that fills a generation: a new group reads its topics from the start."""
    return f"reporting-{generation}"


class Generations(Protocol):
    """Read models by generation. One is told to people; a new one is built beside it and then takes its place."""

    async def serving(self) -> int:
        """The generation that is told to people."""
        ...

    async def begin(self) -> int:
        """Opens an empty generation and returns its number, never used before; drops what a rebuild cut short left."""
        ...

    async def progress(self, generation: int) -> Mapping[str, tuple[int, int]]:
        """How far each key is, in numbers that only grow. Raises GenerationGone."""
        ...

    async def serve(self, generation: int) -> None:
        """Tells `generation` to people from now on and drops every other one. Raises GenerationGone."""
        ...
