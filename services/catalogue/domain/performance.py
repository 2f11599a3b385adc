"""A performance: what it costs, how much one holder may take, and the life of its sale."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from services.catalogue.domain.house import House
from services.catalogue.domain.production import Production
from services.catalogue.domain.refusals import SaleEnded, SaleNotOpened
from services.contracts.bounds import (
    MAX_CATEGORY_CHARS,
    MAX_HOLD_TTL_SECONDS,
    MAX_PRICE_MINOR,
    MAX_SEATS_PER_HOLD,
    MAX_TICKET_TYPE_CHARS,
    NORMAL_TICKET_TYPE,
)
from services.contracts.instants import instant_text, refused_instant
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields

MAX_PRICES = 1_000
DEFAULT_SEATS_PER_HOLDER = 10
DEFAULT_HOLD_TTL_SECONDS = 600


class SaleState(Enum):
    """The life of a performance's sale. Values are what the store keeps."""

    DRAFT = "draft"
    ON_SALE = "on_sale"
    CLOSED = "closed"


class TicketKind(Enum):
    """What a ticket counts as in figures. Values are what the store keeps."""

    NORMAL = "normal"
    DISCOUNT = "discount"
    FREE = "free"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Price:
    """What a seat of a category costs with a ticket type. `kind` is None where the caller named none."""

    category: str
    ticket_type: str
    kind: TicketKind | None
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Performance:
    """One production at one date and time in one hall. Hall, plan version and prices never change."""

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
    return refused_fields((*_faults_of_numbers(terms), *_faults_of_prices(terms.prices)))


def _faults_of_numbers(terms: PerformanceTerms) -> Iterator[FieldInvalid | None]:
    yield refused_instant("starts_at", terms.starts_at_ms)
    yield refused_instant("sale_ends_at", terms.sale_ends_at_ms, may_be_unset=True)
    for field, value, at_least, at_most in (
        ("seats_per_holder", terms.seats_per_holder, 0, MAX_SEATS_PER_HOLD),
        ("hold_ttl_seconds", terms.hold_ttl_seconds, 0, MAX_HOLD_TTL_SECONDS),
    ):
        if not at_least <= value <= at_most:
            yield FieldInvalid(field, f"is {value}", f"{at_least} to {at_most}")


def _faults_of_prices(prices: Sequence[Price]) -> Iterator[FieldInvalid | None]:
    if not 1 <= len(prices) <= MAX_PRICES:
        problem = f"has {len(prices):,} prices" if prices else UNSET
        yield FieldInvalid("prices", problem, f"1 to {MAX_PRICES:,} prices")
        return
    for index, price in enumerate(prices):
        field = f"prices[{index}]"
        yield refused_text(f"{field}.category", price.category, at_most=MAX_CATEGORY_CHARS)
        yield refused_text(f"{field}.ticket_type", price.ticket_type, at_most=MAX_TICKET_TYPE_CHARS)
        if price.kind is None:
            yield FieldInvalid(f"{field}.kind", UNSET, "normal, discount, free or other")
        yield _refused_amount(f"{field}.amount.amount_minor", price)
        if not price.currency:
            yield FieldInvalid(f"{field}.amount.currency", UNSET, "the house's")


def _refused_amount(field: str, price: Price) -> FieldInvalid | None:
    if not 0 <= price.amount_minor <= MAX_PRICE_MINOR:
        return FieldInvalid(field, f"is {price.amount_minor}", f"0 to {MAX_PRICE_MINOR:,} minor units")
    if price.kind is TicketKind.FREE and price.amount_minor:
        return FieldInvalid(field, f"is {price.amount_minor} for a free ticket", "0")
    return None


def refused_prices(prices: Sequence[Price], categories: Iterable[str], currency: str) -> FieldInvalid | None:
    """Prices beside a plan and a house: known categories, once each per ticket type, `normal` for all, one currency."""
    return refused_fields(_faults_beside_the_plan(prices, list(categories), currency))


def _faults_beside_the_plan(prices: Sequence[Price], known: Sequence[str], currency: str) -> Iterator[FieldInvalid]:
    seen: set[tuple[str, str]] = set()
    for index, price in enumerate(prices):
        field = f"prices[{index}]"
        if price.category not in known:
            yield FieldInvalid(f"{field}.category", f"{price.category!r} is unknown", "a category of the seating plan")
        if price.currency != currency:
            yield FieldInvalid(f"{field}.amount.currency", "is not the house's", currency)
        if (price.category, price.ticket_type) in seen:
            yield FieldInvalid(field, "is there twice", "one price for each category and ticket type")
        seen.add((price.category, price.ticket_type))
    for category in known:
        if (category, NORMAL_TICKET_TYPE) not in seen:
            problem = f"has no price for category {category!r}"
            yield FieldInvalid("prices", problem, f"ticket type {NORMAL_TICKET_TYPE!r} for every category of the plan")


def new_performance(
    performance_id: str, house: House, plan: PlanFacts, production: Production, terms: PerformanceTerms
) -> Performance | FieldInvalid:
    """A draft with its defaults filled in. The terms have passed refused_terms."""
    if refusal := refused_prices(terms.prices, plan.categories, house.currency):
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
