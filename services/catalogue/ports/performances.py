"""The performances in a transaction of the catalogue's store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.catalogue.domain.performance import Performance
from services.catalogue.domain.performance_filter import PerformanceFilter
from services.catalogue.domain.refusals import CodeTaken
from services.contracts.pages import Place


class PerformanceRows(Protocol):
    """What belongs to another house is not found (INV-8)."""

    async def add(self, performance: Performance) -> CodeTaken | None:
        """With its prices."""
        ...

    async def save(self, performance: Performance) -> CodeTaken | None:
        """What may change of one that is there; its prices stay."""
        ...

    async def join(self, performance: Performance) -> None:
        """Keeps the series that it has joined."""
        ...

    async def lock_shown(self, house_id: str, production_id: str) -> None:
        """Locks a production's performances until the transaction ends, by start."""
        ...

    async def retitle(self, house_id: str, production_id: str, title: str) -> Sequence[Performance]:
        """Gives a production's performances its title; those that have changed, as they are now."""

    async def save_plan(self, performance: Performance) -> None:
        """Of one that was locked: its plan version and capacity, and its revision. It wants no other plan any more."""
        ...

    async def want_plan(self, house_id: str, performance_id: str, plan_version: int) -> None:
        """Notes which plan it is on its way to; 0: to none."""
        ...

    async def save_prices(self, performance: Performance) -> None:
        """Of one that was locked: other prices, and their revision."""
        ...

    async def lock_to_come(self, house_id: str, production_id: str, from_ms: int) -> Sequence[Performance]:
        """A production's that are not over by then, cancelled or archived, by start, locked."""
        ...

    async def revise(self, house_id: str, performance_ids: Sequence[str]) -> None:
        """Of those that were locked: they are in their next revision."""
        ...

    async def lock_series(self, house_id: str, series_id: str, from_ms: int, limit: int) -> Sequence[Performance]:
        """Those of a series that begin then or later, by start, locked until the transaction ends; at most `limit`."""
        ...

    async def id_of_code(self, house_id: str, code: str) -> str | None: ...

    async def performances(
        self, house_id: str, wanted: PerformanceFilter, after: Place | None, limit: int
    ) -> Sequence[Performance]:
        """Those that pass, by start, then id; at most `limit`."""
        ...
