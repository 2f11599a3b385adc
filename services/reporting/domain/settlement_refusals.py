"""What reporting answers no with where it is about deals and settlements."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class DealNotFound(Refusal):
    """There is no deal for {thing} {thing_id}."""

    kind = Kind.NOT_FOUND
    thing: str
    thing_id: str


@dataclass(frozen=True, slots=True)
class SettlementNotFound(Refusal):
    """There is no settlement {settlement_id}."""

    kind = Kind.NOT_FOUND
    settlement_id: str


@dataclass(frozen=True, slots=True)
class SettlementProvisional(Refusal):
    """The settlement of performance {performance_id} cannot be final yet: {obstacles}."""

    kind = Kind.PRECONDITION
    performance_id: str
    obstacles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettlementIsFinal(Refusal):
    """Performance {performance_id} has its final settlement, number {number}: what changes later is a correction."""

    kind = Kind.PRECONDITION
    performance_id: str
    number: str
    settlement_id: str


@dataclass(frozen=True, slots=True)
class SettlementCorrected(Refusal):
    """Settlement {number} was corrected by {corrected_by}: the one that stands is to be corrected."""

    kind = Kind.PRECONDITION
    number: str
    corrected_by: str


@dataclass(frozen=True, slots=True)
class NothingToCorrect(Refusal):
    """Everything is as settlement {number} says: there is nothing to correct."""

    kind = Kind.PRECONDITION
    number: str


@dataclass(frozen=True, slots=True)
class DealCurrencyDiffers(Refusal):
    """The deal is in {currency}, and performance {performance_id} is sold in {sold_in}."""

    kind = Kind.PRECONDITION
    performance_id: str
    currency: str
    sold_in: str
