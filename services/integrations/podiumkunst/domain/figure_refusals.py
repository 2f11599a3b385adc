"""Why nothing is told. Values with facts; the docstring is the message."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class PerformanceNotLinked(Refusal):
    """Performance {performance_id} has no number of the platform: nothing is told of it until it is linked."""

    kind = Kind.NOT_FOUND
    performance_id: str


@dataclass(frozen=True, slots=True)
class ConnectionOff(Refusal):
    """House {house_id} has no account with the platform, or its connection is off: nothing can be told."""

    kind = Kind.PRECONDITION
    house_id: str
