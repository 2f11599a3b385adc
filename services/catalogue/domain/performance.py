"""A performance: where, when and what, what it costs, and how much one holder may take."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from services.catalogue.domain.house import House
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.performance_texts import faults_of_own_texts
from services.catalogue.domain.performance_times import Admission, Times, faults_of_times
from services.catalogue.domain.price import Price, refused_prices
from services.catalogue.domain.price_book import NO_BOOK, PriceBook
from services.catalogue.domain.price_list import WantedPrices, refused_wanted
from services.catalogue.domain.production import Production, ProductionText
from services.catalogue.domain.quota import Quota
from services.catalogue.domain.vat import refused_customer_limit, refused_instrument_limit
from services.contracts.bounds import MAX_HOLD_TTL_SECONDS, MAX_SEATS_PER_HOLD
from services.runtime.errors import FieldInvalid, refused_fields

MAX_CODE_CHARS = 32
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]*")
DEFAULT_SEATS_PER_HOLDER = 10
DEFAULT_HOLD_TTL_SECONDS = 600


class SaleState(Enum):
    """The life of a performance's sale. Values are what the store keeps."""

    DRAFT = "draft"
    ON_SALE = "on_sale"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Publication(Enum):
    """Whether the public is shown a performance. Values are what the store keeps."""

    DRAFT = "draft"
    PUBLISHED = "published"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Performance:
    """One production at one date and time in one hall. Instants that are 0 have not come, or are not said."""

    performance_id: str
    house_id: str
    hall_id: str
    plan_version: int
    production_id: str
    title: str
    times: Times
    sale_state: SaleState
    prices: tuple[Price, ...]
    seats_per_holder: int
    hold_ttl_seconds: int
    capacity: int
    # R5.2: choices online may not leave single seats.
    refuses_orphans: bool = False
    admission: Admission = Admission.AT_START
    # The house's own name of it, unique in the house (R0.9); empty: it has none.
    code: str = ""
    # In place of what its production says, by language.
    texts: tuple[ProductionText, ...] = ()
    publication: Publication = Publication.DRAFT
    # Shown from then on, where it is published.
    published_at_ms: int = 0
    # How often it was moved to another date (R2.10), and until when who cannot come may ask for the money.
    move_number: int = 0
    refund_until_ms: int = 0
    cancelled_at_ms: int = 0
    archived_at_ms: int = 0
    # Performances that were made together (R2.4) have one; empty: it was made alone.
    series_id: str = ""
    # One more with each change.
    revision: int = 1
    prices_revision: int = 1
    # What its prices are told with: the house's, as it was when the performance was read.
    book: PriceBook = NO_BOOK
    # Those of its production that it is one of, in the order in which they were made (R4).
    quotas: tuple[Kept[Quota], ...] = ()
    # In all orders of one customer, and with one card; 0: as the house says of all its performances.
    seats_per_customer: int = 0
    seats_per_instrument: int = 0

    @property
    def starts_at_ms(self) -> int:
        """When the show begins."""
        return self.times.starts_at_ms

    @property
    def sale_ends_at_ms(self) -> int:
        """From then on nothing is held online; staff's channels go on."""
        return self.times.sale_ends_at_ms

    @property
    def over_at_ms(self) -> int:
        """Its end; where none is said, its start."""
        return max(self.times.starts_at_ms, self.times.ends_at_ms)


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

    times: Times
    prices: tuple[Price, ...]
    seats_per_holder: int = 0
    hold_ttl_seconds: int = 0
    refuses_orphans: bool = False
    # None where the caller named none that is known.
    admission: Admission | None = Admission.AT_START
    code: str = ""
    # Whose prices it takes beside its own.
    price_list_id: str = ""
    texts: tuple[ProductionText, ...] = ()
    seats_per_customer: int = 0
    seats_per_instrument: int = 0


def refused_terms(terms: PerformanceTerms) -> FieldInvalid | None:
    """All that is wrong with the terms by themselves; refused_prices looks at them beside a plan."""
    return refused_fields(
        (
            *faults_of_times(terms),
            *faults_of_limits(terms.seats_per_holder, terms.hold_ttl_seconds),
            refused_customer_limit(terms.seats_per_customer),
            refused_instrument_limit(terms.seats_per_instrument),
            refused_code(terms.code),
            *faults_of_own_texts(terms.texts),
            refused_wanted(WantedPrices(terms.prices, terms.price_list_id)),
        )
    )


def refused_code(code: str, within: str = "") -> FieldInvalid | None:
    """R0.9: each house has its own coding; what people type at a counter stays short and plain."""
    if not code or (len(code) <= MAX_CODE_CHARS and _CODE.fullmatch(code)):
        return None
    problem = "has characters that a code cannot have"
    if len(code) > MAX_CODE_CHARS:
        problem = f"has {len(code):,} characters"
    return FieldInvalid(
        f"{within}code", problem, f"1 to {MAX_CODE_CHARS} of A-Z, a-z, 0-9, '.', '/', '_' and '-', or empty"
    )


def faults_of_limits(seats_per_holder: int, hold_ttl_seconds: int, within: str = "") -> Iterator[FieldInvalid]:
    """What is wrong with how much and how long a holder may hold; 0 takes the default."""
    for field, value, at_most in (
        ("seats_per_holder", seats_per_holder, MAX_SEATS_PER_HOLD),
        ("hold_ttl_seconds", hold_ttl_seconds, MAX_HOLD_TTL_SECONDS),
    ):
        if not 0 <= value <= at_most:
            yield FieldInvalid(f"{within}{field}", f"is {value}", f"0 to {at_most}")


def new_performance(
    performance_id: str,
    house: House,
    plan: PlanFacts,
    production: Production,
    terms: PerformanceTerms,
    book: PriceBook = NO_BOOK,
    quotas: tuple[Kept[Quota], ...] = (),
) -> Performance | FieldInvalid:
    """A draft with its defaults filled in. The terms have passed refused_terms."""
    if refusal := refused_prices(terms.prices, plan.categories, house.currency, book.usable, book.kinds):
        return refusal
    assert terms.admission is not None, "refused_terms lets none through"
    return Performance(
        performance_id=performance_id,
        house_id=house.house_id,
        hall_id=plan.hall_id,
        plan_version=plan.plan_version,
        production_id=production.production_id,
        title=production.title,
        times=dataclasses.replace(terms.times, sale_ends_at_ms=terms.times.sale_ends_at_ms or terms.times.starts_at_ms),
        sale_state=SaleState.DRAFT,
        prices=terms.prices,
        seats_per_holder=terms.seats_per_holder or DEFAULT_SEATS_PER_HOLDER,
        hold_ttl_seconds=terms.hold_ttl_seconds or DEFAULT_HOLD_TTL_SECONDS,
        capacity=plan.seat_count,
        refuses_orphans=terms.refuses_orphans,
        seats_per_customer=terms.seats_per_customer,
        seats_per_instrument=terms.seats_per_instrument,
        admission=terms.admission,
        code=terms.code,
        texts=terms.texts,
        book=book,
        quotas=quotas,
    )
