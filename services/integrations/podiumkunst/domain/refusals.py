"""Why podiumkunst says no. Values with facts; the docstring is the message."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class NumberNotFound(Refusal):
    """The platform has not told this house of number {number}: fetch its list, or look at the house's theatres."""

    kind = Kind.NOT_FOUND
    number: str


@dataclass(frozen=True, slots=True)
class PerformanceNotFound(Refusal):
    """The house has no performance {performance_id}."""

    kind = Kind.NOT_FOUND
    performance_id: str


@dataclass(frozen=True, slots=True)
class CodeUnknown(Refusal):
    """The house has no performance with the code {code}."""

    kind = Kind.NOT_FOUND
    code: str


@dataclass(frozen=True, slots=True)
class NumberLinked(Refusal):
    """Number {number} is linked to performance {performance_id} ({code}) by {linked_by} since {linked_at}."""

    kind = Kind.TAKEN
    number: str
    performance_id: str
    code: str
    linked_by: str
    linked_at: str


@dataclass(frozen=True, slots=True)
class PerformanceLinked(Refusal):
    """Performance {performance_id} ({code}) is linked to number {number} by {linked_by} since {linked_at}."""

    kind = Kind.TAKEN
    performance_id: str
    code: str
    number: str
    linked_by: str
    linked_at: str


@dataclass(frozen=True, slots=True)
class LinkNotFound(Refusal):
    """Number {number} is not linked in this house."""

    kind = Kind.NOT_FOUND
    number: str


@dataclass(frozen=True, slots=True)
class HallNotFound(Refusal):
    """The house has no hall {hall_id}."""

    kind = Kind.NOT_FOUND
    hall_id: str
