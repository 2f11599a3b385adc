"""How many tickets of a performance one customer may have: the performance's own bound, else the house's."""

from __future__ import annotations

import pytest

from services.catalogue.api.performance_messages import performance_message
from services.catalogue.domain.performance import refused_terms
from services.catalogue.domain.price_book import PriceBook
from services.catalogue.domain.vat import PriceRules, refused_rules
from tests.unit.catalogue.shows import show
from tests.unit.catalogue.test_performance import terms


@pytest.mark.parametrize(("own", "of_house", "told"), [(0, 0, 0), (0, 6, 6), (4, 6, 4), (4, 0, 4)])
def test_a_performance_that_says_nothing_is_bound_as_its_house_says(own: int, of_house: int, told: int) -> None:
    one = show("2030-01-01T20:00:00Z", seats_per_customer=own, book=PriceBook(seats_per_customer=of_house))
    message = performance_message(one)
    assert (message.seats_per_customer, message.customer_limit) == (own, told)


def test_a_bound_is_at_most_what_one_customer_could_ever_have() -> None:
    refusal = refused_terms(terms(seats_per_customer=101))
    assert refusal is not None
    assert (refusal.field, refusal.limit) == ("seats_per_customer", "0 to 100")
    of_house = refused_rules(PriceRules(seats_per_customer=101), ["seats_per_customer"])
    assert of_house is not None
    assert of_house.field == "price_rules.seats_per_customer"


@pytest.mark.parametrize(("own", "of_house", "told"), [(0, 0, 0), (0, 6, 6), (4, 6, 4), (4, 0, 4)])
def test_what_one_card_may_pay_for_is_bound_in_the_same_way(own: int, of_house: int, told: int) -> None:
    one = show("2030-01-01T20:00:00Z", seats_per_instrument=own, book=PriceBook(seats_per_instrument=of_house))
    message = performance_message(one)
    assert (message.seats_per_instrument, message.instrument_limit) == (own, told)
    refusal = refused_terms(terms(seats_per_instrument=101))
    assert refusal is not None
    assert (refusal.field, refusal.limit) == ("seats_per_instrument", "0 to 100")
