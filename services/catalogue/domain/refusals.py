"""The catalogue's own ways of saying no. Another house's things are not found, never forbidden (INV-8)."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class HallNotFound(Refusal):
    """The house has no hall {hall_id}."""

    kind = Kind.NOT_FOUND
    hall_id: str


@dataclass(frozen=True, slots=True)
class HallArchived(Refusal):
    """Hall {hall_id} is archived: nothing new is made with it."""

    kind = Kind.PRECONDITION
    hall_id: str


@dataclass(frozen=True, slots=True)
class SeatingPlanNotFound(Refusal):
    """The house has no seating plan {hall_id} version {plan_version} (0 is the latest)."""

    kind = Kind.NOT_FOUND
    hall_id: str
    plan_version: int


@dataclass(frozen=True, slots=True)
class SharedPlanNotFound(Refusal):
    """No shared plan {shared_plan_id} is offered."""

    kind = Kind.NOT_FOUND
    shared_plan_id: str


@dataclass(frozen=True, slots=True)
class PlanDrawingNotFound(Refusal):
    """The house has no request {drawing_id} for a plan to be drawn."""

    kind = Kind.NOT_FOUND
    drawing_id: str


@dataclass(frozen=True, slots=True)
class PlanDrawingEnded(Refusal):
    """The request {drawing_id} for a plan to be drawn is {state} already."""

    kind = Kind.PRECONDITION
    drawing_id: str
    state: str


@dataclass(frozen=True, slots=True)
class ProductionNotFound(Refusal):
    """The house has no production {production_id}."""

    kind = Kind.NOT_FOUND
    production_id: str


@dataclass(frozen=True, slots=True)
class ProductionArchived(Refusal):
    """Production {production_id} is archived; nothing new can show it."""

    kind = Kind.PRECONDITION
    production_id: str


@dataclass(frozen=True, slots=True)
class PosterNotFound(Refusal):
    """Production {production_id} has no poster, or none of the version that was asked for."""

    kind = Kind.NOT_FOUND
    production_id: str


@dataclass(frozen=True, slots=True)
class PerformanceNotFound(Refusal):
    """The house has no performance {performance_id}."""

    kind = Kind.NOT_FOUND
    performance_id: str


@dataclass(frozen=True, slots=True)
class PriceThingNotFound(Refusal):
    """The house has no {sort} {thing_id}."""

    kind = Kind.NOT_FOUND
    sort: str
    thing_id: str


@dataclass(frozen=True, slots=True)
class PriceThingTaken(Refusal):
    """The house has {sort} {thing_id} already; choose another id."""

    kind = Kind.TAKEN
    sort: str
    thing_id: str


@dataclass(frozen=True, slots=True)
class PriceThingArchived(Refusal):
    """The {sort} {thing_id} is archived and changes no more."""

    kind = Kind.PRECONDITION
    sort: str
    thing_id: str


@dataclass(frozen=True, slots=True)
class SaleEnded(Refusal):
    """Performance {performance_id} began at {starts_at} and its sale ended at {sale_ends_at}."""

    kind = Kind.PRECONDITION
    performance_id: str
    # As instant_text says them.
    starts_at: str
    sale_ends_at: str


@dataclass(frozen=True, slots=True)
class SaleNotOpened(Refusal):
    """Performance {performance_id} was never on sale; there is nothing to close."""

    kind = Kind.PRECONDITION
    performance_id: str


@dataclass(frozen=True, slots=True)
class NotPublished(Refusal):
    """Performance {performance_id} {publication}, and what is on sale online is published by then."""

    kind = Kind.PRECONDITION
    performance_id: str
    # In words: is hidden, is published at, would be published at.
    publication: str


@dataclass(frozen=True, slots=True)
class PerformanceBegun(Refusal):
    """Performance {performance_id} began at {starts_at}."""

    kind = Kind.PRECONDITION
    performance_id: str
    starts_at: str


@dataclass(frozen=True, slots=True)
class PerformanceCancelled(Refusal):
    """Performance {performance_id} was cancelled, for good."""

    kind = Kind.PRECONDITION
    performance_id: str


@dataclass(frozen=True, slots=True)
class PerformanceArchived(Refusal):
    """Performance {performance_id} is archived."""

    kind = Kind.PRECONDITION
    performance_id: str


@dataclass(frozen=True, slots=True)
class PerformanceNotOver(Refusal):
    """Performance {performance_id} was on sale and is over at {over_at}: it can be archived from then on."""

    kind = Kind.PRECONDITION
    performance_id: str
    over_at: str


@dataclass(frozen=True, slots=True)
class StillOnSale(Refusal):
    """Performance {performance_id} is on sale; close its sale first."""

    kind = Kind.PRECONDITION
    performance_id: str


@dataclass(frozen=True, slots=True)
class CodeTaken(Refusal):
    """Performance {performance_id} has the code {code}; choose another one."""

    kind = Kind.TAKEN
    code: str
    performance_id: str


@dataclass(frozen=True, slots=True)
class CodeUnknown(Refusal):
    """The house has no performance with the code {code}."""

    kind = Kind.NOT_FOUND
    code: str


@dataclass(frozen=True, slots=True)
class FixedBySale(Refusal):
    """Performance {performance_id} was on sale: its {fields} can no longer change."""

    kind = Kind.PRECONDITION
    performance_id: str
    fields: tuple[str, ...]
