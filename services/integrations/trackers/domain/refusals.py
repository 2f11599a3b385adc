"""Why trackers' service says no. Values with facts; the docstring is the message."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class TrackerNotFound(Refusal):
    """There is no tracker {tracker_id} in this house."""

    kind = Kind.NOT_FOUND
    tracker_id: str


@dataclass(frozen=True, slots=True)
class TrackerArchived(Refusal):
    """Tracker {tracker_id} is archived and stays silent."""

    kind = Kind.PRECONDITION
    tracker_id: str


@dataclass(frozen=True, slots=True)
class TooManyTrackers(Refusal):
    """A house has {limit} trackers at most: archive one first."""

    kind = Kind.PRECONDITION
    limit: int


@dataclass(frozen=True, slots=True)
class PerformanceNotFound(Refusal):
    """There is no performance {performance_id} in this house: a tracker is attached to its own house's only."""

    kind = Kind.NOT_FOUND
    performance_id: str


@dataclass(frozen=True, slots=True)
class ProductionNotFound(Refusal):
    """There is no production {production_id} in this house: a tracker is attached to its own house's only."""

    kind = Kind.NOT_FOUND
    production_id: str
