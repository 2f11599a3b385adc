"""Performances, their plans and rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from services.inventory.domain.records import HoldRules
from services.inventory.domain.refusals import PerformanceNotFound
from services.inventory.domain.seat_layout import SeatLayout


class SeatPlan(msgspec.Struct, frozen=True):
    """The seats of one plan version in the plan's order, and where each stands in it. None: nobody has told."""

    plan_version: int
    seat_ids: tuple[str, ...]
    index_of: dict[str, int]
    layout: SeatLayout | None = None

    @classmethod
    def of(cls, plan_version: int, seat_ids: Sequence[str], layout: SeatLayout | None = None) -> SeatPlan:
        """Builds the index."""
        index_of = {seat_id: index for index, seat_id in enumerate(seat_ids)}
        return cls(plan_version, tuple(seat_ids), index_of, layout)


@dataclass(frozen=True, slots=True)
class Performance:
    """A performance as the inventory needs it."""

    performance_id: str
    house_id: str
    plan: SeatPlan = field(repr=False)
    rules: HoldRules


class Performances(Protocol):
    """Where performances come from: the inventory's own copy, filled from the catalogue."""

    async def find(self, house_id: str, performance_id: str) -> Performance | PerformanceNotFound:
        """The performance of that house. Another house's is unknown (INV-8)."""
        ...

    async def rules_of(self, performance_ids: Sequence[str]) -> dict[str, HoldRules]:
        """The rules as they stand now, for those that are known."""
        ...

    async def house_of(self, performance_id: str) -> str | None:
        """The house of a performance that is known here already. For operators' acts only: buyers name their house."""
        ...
