"""A performance: what it costs, how much one holder may take, and the life of its sale."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from services.catalogue.domain.house import House
from services.catalogue.domain.price import Price, faults_of_prices, refused_prices
from services.catalogue.domain.price_book import NO_BOOK, PriceBook
from services.catalogue.domain.production import Production
from services.catalogue.domain.refusals import SaleEnded, SaleNotOpened
from services.contracts.bounds import MAX_HOLD_TTL_SECONDS, MAX_SEATS_PER_HOLD
from services.contracts.instants import instant_text, refused_instant
from services.runtime.errors import FieldInvalid, refused_fields

DEFAULT_SEATS_PER_HOLDER = 10
DEFAULT_HOLD_TTL_SECONDS = 600


class SaleState(Enum):
    """The life of a performance's sale. Values are what the store keeps."""

    DRAFT = "draft"
    ON_SALE = "on_sale"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Performance:
    """One production at one date and time in one hall. Hall and plan version never change."""

    performance_id: str
    house_id: str
    hall_id: str
    plan_version: int
    production_id: str
    title: str
    starts_at_ms: int
    sale_state: SaleState
    prices: tuple[Price, ...]
    seats_per_holder: int
    hold_ttl_seconds: int
    capacity: int
    # R5.2: choices online may not leave single seats.
    refuses_orphans: bool = False
    # From then on nothing is held online; staff's channels go on.
    sale_ends_at_ms: int = 0
    prices_revision: int = 1
    # What its prices are told with: the house's, as it was when the performance was read.
    book: PriceBook = NO_BOOK


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What a performance needs to know of a plan, without its seats."""

    hall_id: str
    plan_version: int
    seat_count: int
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PerformanceTerms:
    """What the house chooses for a new performance. 0 takes the default: of the end of the sale, the start."""

    starts_at_ms: int
    prices: tuple[Price, ...]
    seats_per_holder: int = 0
    hold_ttl_seconds: int = 0
    refuses_orphans: bool = False
    sale_ends_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class PerformanceCreated:
    """A performance exists, not on sale yet."""

    performance: Performance


@dataclass(frozen=True, slots=True)
class PerformanceOpenedForSale:
    """Its seats may be held from now on."""

    performance: Performance


@dataclass(frozen=True, slots=True)
class PerformanceSaleClosed:
    """Its seats may no longer be held."""

    performance: Performance


PerformanceEvent = PerformanceCreated | PerformanceOpenedForSale | PerformanceSaleClosed


def refused_terms(terms: PerformanceTerms) -> FieldInvalid | None:
    """All that is wrong with the terms by themselves; refused_prices looks at them beside a plan."""
    return refused_fields((*_faults_of_numbers(terms), *faults_of_prices(terms.prices)))


def _faults_of_numbers(terms: PerformanceTerms) -> Iterator[FieldInvalid | None]:
    yield refused_instant("starts_at", terms.starts_at_ms)
    yield refused_instant("sale_ends_at", terms.sale_ends_at_ms, may_be_unset=True)
    for field, value, at_least, at_most in (
        ("seats_per_holder", terms.seats_per_holder, 0, MAX_SEATS_PER_HOLD),
        ("hold_ttl_seconds", terms.hold_ttl_seconds, 0, MAX_HOLD_TTL_SECONDS),
    ):
        if not at_least <= value <= at_most:
            yield FieldInvalid(field, f"is {value}", f"{at_least} to {at_most}")


def new_performance(
    performance_id: str,
    house: House,
    plan: PlanFacts,
    production: Production,
    terms: PerformanceTerms,
    book: PriceBook = NO_BOOK,
) -> Performance | FieldInvalid:
    """A draft with its defaults filled in. The terms have passed refused_terms."""
    if refusal := refused_prices(terms.prices, plan.categories, house.currency, book.usable):
        return refusal
    return Performance(
        performance_id=performance_id,
        house_id=house.house_id,
        hall_id=plan.hall_id,
        plan_version=plan.plan_version,
        production_id=production.production_id,
        title=production.title,
        starts_at_ms=terms.starts_at_ms,
        sale_state=SaleState.DRAFT,
        prices=terms.prices,
        seats_per_holder=terms.seats_per_holder or DEFAULT_SEATS_PER_HOLDER,
        hold_ttl_seconds=terms.hold_ttl_seconds or DEFAULT_HOLD_TTL_SECONDS,
        capacity=plan.seat_count,
        refuses_orphans=terms.refuses_orphans,
        sale_ends_at_ms=terms.sale_ends_at_ms or terms.starts_at_ms,
        book=book,
    )


def open_for_sale(performance: Performance, now_ms: int) -> PerformanceOpenedForSale | SaleEnded | None:
    """From draft, or again after a close. None: it is on sale already, and opening twice is fine.

    After the end of the online sale there is still the box office, until the performance begins.
    """
    if performance.sale_state is SaleState.ON_SALE:
        return None
    if max(performance.starts_at_ms, performance.sale_ends_at_ms) <= now_ms:
        began, ended = instant_text(performance.starts_at_ms), instant_text(performance.sale_ends_at_ms)
        return SaleEnded(performance.performance_id, began, ended)
    return PerformanceOpenedForSale(dataclasses.replace(performance, sale_state=SaleState.ON_SALE))


def close_sale(performance: Performance) -> PerformanceSaleClosed | SaleNotOpened | None:
    """Only of what was opened. None: it is closed already, and closing twice is fine."""
    match performance.sale_state:
        case SaleState.DRAFT:
            return SaleNotOpened(performance.performance_id)
        case SaleState.CLOSED:
            return None
        case SaleState.ON_SALE:
            return PerformanceSaleClosed(dataclasses.replace(performance, sale_state=SaleState.CLOSED))
