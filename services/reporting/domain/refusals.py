"""What reporting answers no with."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class PerformanceNotFound(Refusal):
    """House {house_id} has no performance {performance_id} with figures."""

    kind = Kind.NOT_FOUND
    house_id: str
    performance_id: str
