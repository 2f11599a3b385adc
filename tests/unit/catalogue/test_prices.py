"""What prices are made of: the amount is what nobody can avoid, and the tax is that of the performance's day."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.domain.price import (
    Price,
    PriceComponent,
    TicketKind,
    faults_of_prices,
    refused_prices,
)
from services.catalogue.domain.price_book import PriceBook, told
from services.catalogue.domain.vat import VatClass, VatKind, VatRate
from services.contracts.prices import Component, ComponentKind, amount_of, charged
from services.runtime.errors import refused_fields

BASE, SURCHARGE = ComponentKind.BASE, ComponentKind.THEATRE_SURCHARGE
SERVICE, WARDROBE = ComponentKind.SERVICE_FEE, ComponentKind.WARDROBE_FEE
# 2026-01-01T00:00 in Amsterdam is an hour before it in UTC.
NEW_YEAR_MS = 1_767_222_000_000
BOOK = PriceBook(
    time_zone="Europe/Amsterdam",
    ticket_vat_class="reduced",
    vat_classes={
        "reduced": VatClass("Reduced", VatKind.REDUCED, (VatRate("", 900), VatRate("2026-01-01", 2_100))),
        "standard": VatClass("Standard", VatKind.STANDARD, (VatRate("", 2_100),)),
        "old": VatClass("Old", VatKind.STANDARD, (VatRate("", 1_900),)),
    },
    retired=frozenset({"old"}),
)


def part(kind: ComponentKind | None, amount: int, vat_class: str = "", *, avoidable: bool = False) -> PriceComponent:
    return PriceComponent(kind, amount, "EUR", vat_class, avoidable)


def price(amount: int, *components: PriceComponent) -> Price:
    return Price("Stalls", "normal", TicketKind.NORMAL, amount, "EUR", components)


def faults(*prices: Price) -> list[str]:
    refusal = refused_fields(faults_of_prices(prices))
    return [violation.field for violation in refusal.violations()] if refusal else []


TICKET = price(2_750, part(BASE, 2_300), part(SURCHARGE, 200), part(WARDROBE, 100), part(SERVICE, 150, "standard"))


def test_r2_9_the_amount_is_the_sum_of_what_nobody_can_avoid() -> None:
    assert faults(TICKET) == []
    assert faults(dataclasses.replace(TICKET, amount_minor=2_500)) == ["prices[0].components"]
    avoidable = part(WARDROBE, 100, avoidable=True)
    assert faults(price(2_300, part(BASE, 2_300), avoidable)) == []
    assert faults(price(2_400, part(BASE, 2_300), avoidable)) == ["prices[0].components"]


@given(
    st.lists(
        st.tuples(st.sampled_from(ComponentKind), st.integers(0, 10**9), st.booleans()),
        min_size=1,
        unique_by=lambda each: each[0],
    ),
    st.integers(-2, 2),
)
def test_r2_9_no_price_is_taken_whose_components_come_to_something_else(
    parts: list[tuple[ComponentKind, int, bool]], off: int
) -> None:
    components = tuple(
        part(kind, amount, avoidable=avoidable and kind not in {BASE, SURCHARGE}) for kind, amount, avoidable in parts
    )
    sum_minor = sum(one.amount_minor for one in components if not one.avoidable)
    found = faults(price(sum_minor + off, *components))
    assert ("prices[0].components" in found) == (off != 0)
    shown = told((price(sum_minor, *components),), BOOK, NEW_YEAR_MS)
    assert shown.from_minor == sum_minor == amount_of(charged(shown.prices[0][1]))


def test_what_is_wrong_with_components_is_told_all_at_once() -> None:
    wrong = price(
        100,
        part(None, -1),
        dataclasses.replace(part(BASE, 100, "a b", avoidable=True), currency="NOK"),
    )
    assert faults(wrong) == [
        "prices[0].components[0].kind",
        "prices[0].components[0].amount.amount_minor",
        "prices[0].components[1].amount.currency",
        "prices[0].components[1].vat_class",
        "prices[0].components[1].avoidable",
    ]
    assert faults(price(200, part(BASE, 100), part(BASE, 100))) == ["prices[0].components"]


def test_a_free_ticket_costs_nothing_with_its_fees() -> None:
    free = Price("Stalls", "guest", TicketKind.FREE, 150, "EUR", (part(BASE, 0), part(SERVICE, 150)))
    assert faults(free) == ["prices[0].amount.amount_minor"]


def test_components_name_vat_classes_that_the_house_has_in_use() -> None:
    prices = [price(300, part(BASE, 100, "none"), part(SERVICE, 100, "old"), part(WARDROBE, 100, "standard"))]
    refusal = refused_prices(prices, ["Stalls"], "EUR", BOOK.usable)
    assert refusal is not None
    assert [violation.field for violation in refusal.violations()] == [
        "prices[0].components[0].vat_class",
        "prices[0].components[1].vat_class",
    ]


def test_the_tax_is_that_of_the_performances_day_in_house_time() -> None:
    rates = {
        starts: [one.rate_basis_points for one in BOOK.components(TICKET, starts)]
        for starts in (NEW_YEAR_MS - 1, NEW_YEAR_MS)
    }
    assert rates == {NEW_YEAR_MS - 1: [900, 900, 900, 2_100], NEW_YEAR_MS: [2_100] * 4}


def test_an_amount_without_components_is_its_base_in_the_class_of_tickets() -> None:
    assert BOOK.components(price(2_500), NEW_YEAR_MS - 1) == (Component(BASE, 2_500, "reduced", 900),)
    assert PriceBook().components(price(2_500), NEW_YEAR_MS) == (Component(BASE, 2_500),)


def test_prices_of_an_archived_class_keep_its_rate() -> None:
    (old,) = BOOK.components(price(100, part(BASE, 100, "old")), NEW_YEAR_MS)
    assert (old.vat_class, old.rate_basis_points) == ("old", 1_900)


def test_the_price_shown_first_is_the_least_at_the_full_price() -> None:
    student = dataclasses.replace(price(500), ticket_type="student", kind=TicketKind.DISCOUNT)
    assert told((price(2_500), student, price(1_800)), BOOK, NEW_YEAR_MS).from_minor == 1_800
