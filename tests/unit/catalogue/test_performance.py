"""Prices beside a plan, terms within bounds, and the life of a sale."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalogue.domain.house import House
from services.catalogue.domain.performance import (
    Performance,
    PerformanceTerms,
    PlanFacts,
    SaleState,
    new_performance,
    refused_terms,
)
from services.catalogue.domain.performance_events import PerformanceOpenedForSale, PerformanceSaleClosed
from services.catalogue.domain.performance_life import close_sale, open_for_sale
from services.catalogue.domain.performance_times import Times
from services.catalogue.domain.price import Price, TicketKind, refused_prices
from services.catalogue.domain.production import Production, ProductionDetails
from services.catalogue.domain.refusals import SaleEnded, SaleNotOpened
from services.contracts.bounds import MAX_PRICE_MINOR
from services.runtime.errors import FieldInvalid

HOUSE = House("hse_1", "genova", "Genova", "Europe/Rome", "EUR")
PRODUCTION = Production("prd_1", "hse_1", ProductionDetails("Hamlet"), 0)
PLAN = PlanFacts("hal_1", 3, 618, ("Stalls", "Balcony"))
START_MS = 1_900_000_000_000
NOW_MS = START_MS - 86_400_000


def price(category: str = "Stalls", ticket_type: str = "normal", **changes: object) -> Price:
    result = Price(category, ticket_type, TicketKind.NORMAL, 2_500, "EUR")
    return dataclasses.replace(result, **changes)  # type: ignore[arg-type]


PRICES = (price("Stalls"), price("Balcony"))


def terms(*prices: Price, **changes: int) -> PerformanceTerms:
    times = Times(starts_at_ms=changes.pop("starts_at_ms", START_MS), sale_ends_at_ms=changes.pop("sale_ends_at_ms", 0))
    asked = PerformanceTerms(times, prices or PRICES)
    return dataclasses.replace(asked, **changes)  # type: ignore[arg-type]


def performance(state: SaleState = SaleState.DRAFT, sale_ends_at_ms: int = 0) -> Performance:
    result = new_performance("prf_1", HOUSE, PLAN, PRODUCTION, terms(sale_ends_at_ms=sale_ends_at_ms))
    assert isinstance(result, Performance)
    return dataclasses.replace(result, sale_state=state)


def test_a_new_performance_is_a_draft_with_the_plans_capacity_and_the_defaults() -> None:
    new = performance()
    assert new.sale_state is SaleState.DRAFT
    assert (new.plan_version, new.capacity, new.title) == (3, 618, "Hamlet")
    assert (new.seats_per_holder, new.hold_ttl_seconds) == (10, 600)


def test_the_houses_own_limits_are_kept() -> None:
    new = new_performance("prf_1", HOUSE, PLAN, PRODUCTION, terms(seats_per_holder=4, hold_ttl_seconds=60))
    assert isinstance(new, Performance)
    assert (new.seats_per_holder, new.hold_ttl_seconds) == (4, 60)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (terms(starts_at_ms=0), "starts_at"),
        (terms(starts_at_ms=-1), "starts_at"),
        (terms(starts_at_ms=START_MS * 1_000), "starts_at"),
        (terms(seats_per_holder=101), "seats_per_holder"),
        (terms(hold_ttl_seconds=1_786), "hold_ttl_seconds"),
        (PerformanceTerms(Times(starts_at_ms=START_MS), ()), "prices"),
        (PerformanceTerms(Times(starts_at_ms=START_MS), PRICES * 501), "prices"),
        (terms(price(), price(category="")), "prices[1].category"),
        (terms(price(category="x" * 101)), "prices[0].category"),
        (terms(price(ticket_type="")), "prices[0].ticket_type"),
        (terms(price(ticket_type="x" * 65)), "prices[0].ticket_type"),
        (terms(price(kind=None)), "prices[0].kind"),
        (terms(price(amount_minor=-1)), "prices[0].amount.amount_minor"),
        (terms(price(amount_minor=MAX_PRICE_MINOR + 1)), "prices[0].amount.amount_minor"),
        (terms(price(kind=TicketKind.FREE, amount_minor=1)), "prices[0].amount.amount_minor"),
    ],
)
def test_terms_out_of_bounds_name_the_field(wrong: PerformanceTerms, field: str) -> None:
    refusal = refused_terms(wrong)
    assert refusal is not None
    assert refusal.field == field
    assert refusal.limit


def test_terms_at_their_bounds_are_taken() -> None:
    free, dear = price(kind=TicketKind.FREE, amount_minor=0), price("Balcony", amount_minor=MAX_PRICE_MINOR)
    assert refused_terms(terms(free, dear, seats_per_holder=100, hold_ttl_seconds=1_785)) is None


@pytest.mark.parametrize(
    ("prices", "field", "problem"),
    [
        ((price("Stalls"),), "prices", "no price for category 'Balcony'"),
        ((price("Stalls"), price("Balcony", "student")), "prices", "no price for category 'Balcony'"),
        ((*PRICES, price("Loge")), "prices[2].category", "'Loge' is unknown"),
        ((*PRICES, price("Stalls", amount_minor=1)), "prices[2]", "is there twice"),
        ((price("Stalls"), price("Balcony", currency="NOK")), "prices[1].amount.currency", "is not the house's"),
        ((price("Stalls", currency=""), price("Balcony")), "prices[0].amount.currency", "is not the house's"),
    ],
)
def test_prices_that_do_not_fit_the_plan_or_the_house_are_refused(
    prices: tuple[Price, ...], field: str, problem: str
) -> None:
    refusal = new_performance("prf_1", HOUSE, PLAN, PRODUCTION, terms(*prices))
    assert isinstance(refusal, FieldInvalid)
    assert refusal.field == field
    assert problem in refusal.problem


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABCX"), st.sampled_from(["normal", "student"])), max_size=8))
def test_prices_are_taken_exactly_when_they_cover_the_plan_once(pairs: list[tuple[str, str]]) -> None:
    prices = [price(category, ticket_type) for category, ticket_type in pairs]
    covers = {(category, "normal") for category in "ABC"} <= set(pairs)
    once = len(set(pairs)) == len(pairs)
    known = {category for category, _ in pairs} <= set("ABC")
    assert (refused_prices(prices, "ABC", "EUR") is None) == (covers and once and known)


def test_a_draft_is_opened_closed_and_opened_again() -> None:
    opened = open_for_sale(performance(), NOW_MS)
    assert isinstance(opened, PerformanceOpenedForSale)
    assert opened.performance.sale_state is SaleState.ON_SALE
    closed = close_sale(opened.performance)
    assert isinstance(closed, PerformanceSaleClosed)
    assert closed.performance.sale_state is SaleState.CLOSED
    again = open_for_sale(closed.performance, NOW_MS)
    assert isinstance(again, PerformanceOpenedForSale)
    assert again.performance == dataclasses.replace(opened.performance, revision=4)


def test_opening_or_closing_twice_changes_nothing() -> None:
    assert open_for_sale(performance(SaleState.ON_SALE), START_MS) is None
    assert close_sale(performance(SaleState.CLOSED)) is None


def test_what_was_never_opened_cannot_be_closed() -> None:
    assert close_sale(performance()) == SaleNotOpened("prf_1")


def test_the_sale_ends_at_the_start_unless_the_house_says_otherwise() -> None:
    for wanted, end in ((0, START_MS), (START_MS - 3_600_000, START_MS - 3_600_000), (START_MS + 1, START_MS + 1)):
        new = new_performance("prf_1", HOUSE, PLAN, PRODUCTION, terms(sale_ends_at_ms=wanted))
        assert isinstance(new, Performance)
        assert new.sale_ends_at_ms == end
    assert refused_terms(terms(sale_ends_at_ms=1)) is not None


@pytest.mark.parametrize("state", [SaleState.DRAFT, SaleState.CLOSED])
def test_what_has_begun_is_not_put_on_sale(state: SaleState) -> None:
    early, late = performance(state, sale_ends_at_ms=START_MS - 1_000), performance(state, sale_ends_at_ms=START_MS + 1)
    assert open_for_sale(early, START_MS) == SaleEnded("prf_1", "2030-03-17T17:46:40Z", "2030-03-17T17:46:39Z")
    # The box office sells until the start, and online for as long as the house has said.
    assert isinstance(open_for_sale(early, START_MS - 1), PerformanceOpenedForSale)
    assert isinstance(open_for_sale(late, START_MS), PerformanceOpenedForSale)
    assert isinstance(open_for_sale(late, START_MS + 1), SaleEnded)
