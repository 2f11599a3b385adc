"""How long what was paid is kept, and what stays of somebody who is erased."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.contracts.countries import country_of
from services.contracts.retention import locked_until_ms, retention_years
from services.customers.domain.erasure import BoughtOrder, Payment, kept_orders, lock_of
from services.customers.domain.house import House


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def house(zone: str) -> House:
    return House("hse_1", "The house", zone, ("en",), 1)


@pytest.mark.parametrize(
    ("zone", "country"), [("Europe/Berlin", "DE"), ("Europe/Amsterdam", "NL"), ("Europe/Oslo", "NO"), ("Etc/UTC", "")]
)
def test_a_time_zone_says_in_which_country_a_house_is(zone: str, country: str) -> None:
    assert country_of(zone) == country


def test_years_are_by_country_and_the_longest_where_nobody_has_looked() -> None:
    assert (retention_years("DE"), retention_years("NL"), retention_years("XX")) == (8, 7, 10)


def test_the_years_count_from_the_end_of_the_year_of_the_payment_in_house_time() -> None:
    # Half past midnight in Berlin, and another year.
    new_year = ms("2026-12-31T23:30:00")
    assert locked_until_ms("DE", "Europe/Berlin", new_year) == ms("2035-12-31T23:00:00")
    assert locked_until_ms("DE", "Europe/Berlin", new_year - 3_600_000) == ms("2034-12-31T23:00:00")


def test_nothing_stays_of_who_has_paid_nothing_and_the_last_payment_decides() -> None:
    free = BoughtOrder("ord_1", Payment.NONE, ms("2026-01-01T00:00:00"))
    early = BoughtOrder("ord_2", Payment.PAID, ms("2024-05-01T12:00:00"))
    late = BoughtOrder("ord_3", Payment.UNDER_WAY, ms("2026-05-01T12:00:00"))
    assert lock_of(house("Europe/Amsterdam"), [free]) is None
    assert kept_orders([free, early, late]) == (early, late)
    assert lock_of(house("Europe/Amsterdam"), [early, late, free]) == ms("2033-12-31T23:00:00")


def test_double_opt_in_is_usual_in_germany_and_a_house_may_say_otherwise() -> None:
    berlin, amsterdam = house("Europe/Berlin"), house("Europe/Amsterdam")
    assert (berlin.asks_for_confirmation, amsterdam.asks_for_confirmation) == (True, False)
    off = House("hse_1", "The house", "Europe/Berlin", ("en",), 1, double_opt_in=False)
    assert not off.asks_for_confirmation
