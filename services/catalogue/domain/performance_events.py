"""What has happened to a performance, as other services are told it: each event has all of the performance."""

from __future__ import annotations

from dataclasses import dataclass

from services.catalogue.domain.performance import Performance
from services.catalogue.domain.performance_times import Times


@dataclass(frozen=True, slots=True)
class PerformanceCreated:
    """A performance exists, not on sale yet."""

    performance: Performance


@dataclass(frozen=True, slots=True)
class PerformanceOpenedForSale:
    """Its seats may be held from now on; a draft was published by it."""

    performance: Performance


@dataclass(frozen=True, slots=True)
class PerformanceSaleClosed:
    """Its seats may no longer be held."""

    performance: Performance


@dataclass(frozen=True, slots=True)
class PerformancePublished:
    """The public is shown it, from its published_at on."""

    performance: Performance


@dataclass(frozen=True, slots=True)
class PerformanceHidden:
    """The public is not shown it any more."""

    performance: Performance


@dataclass(frozen=True, slots=True)
class PerformanceUpdated:
    """Something of it was changed; `fields` as the update named them."""

    performance: Performance
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PerformanceMoved:
    """It is on another date now, its tickets with it (R2.10); `before` are the times that it had."""

    performance: Performance
    before: Times


@dataclass(frozen=True, slots=True)
class PerformanceCancelled:
    """It will not be shown. Nothing is refunded by this."""

    performance: Performance


@dataclass(frozen=True, slots=True)
class PerformanceArchived:
    """It is in no list any more."""

    performance: Performance


PerformanceEvent = (
    PerformanceCreated
    | PerformanceOpenedForSale
    | PerformanceSaleClosed
    | PerformancePublished
    | PerformanceHidden
    | PerformanceUpdated
    | PerformanceMoved
    | PerformanceCancelled
    | PerformanceArchived
)
