"""A version of a hall's plan without its seats, and the files that a version is read from."""

from __future__ import annotations

from dataclasses import dataclass

# As many as a list names; the others are counted.
MAX_PERFORMANCES_NAMED = 20


@dataclass(frozen=True, slots=True)
class PlanFiles:
    """The document as the editor has it, and its sidecar, empty where there is none; unpacked."""

    document: bytes
    sidecar: bytes = b""


@dataclass(frozen=True, slots=True)
class WantedPlan:
    """A performance that is on its way to another version of its hall's plan."""

    house_id: str
    performance_id: str
    plan_version: int


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """What a list tells. `performance_ids`: the first that use it, by their start."""

    plan_version: int
    name: str
    seat_count: int
    categories: tuple[str, ...]
    imported_at_ms: int
    performance_count: int
    performance_ids: tuple[str, ...]
