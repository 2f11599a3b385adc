"""Money as people read it: ISO 4217 says how many digits a currency has, and which currencies there are."""

from __future__ import annotations

import pytest
from balcon.reporting.v1 import reporting_service_pb2 as pb
from balcon.types.v1 import money_pb2 as pb_money
from hypothesis import given
from hypothesis import strategies as st

from services.console.commands.totals import as_table
from services.contracts.money import amount_text, decimal_text, refused_currency
from services.orders.domain.order import Money


@pytest.mark.parametrize(
    ("amount_minor", "currency", "shown"),
    [
        (1_250, "JPY", "1,250"),
        (5_000, "XOF", "5,000"),
        (40_000, "UGX", "40,000"),
        (50_000, "KRW", "50,000"),
        (500_000, "VND", "500,000"),
        (12_500, "KWD", "12.500"),
        (12_500, "LYD", "12.500"),
        (150_000_000, "IDR", "1,500,000.00"),
        (1_250, "EUR", "12.50"),
        (5, "EUR", "0.05"),
        (0, "EUR", "0.00"),
        (-1_250, "EUR", "-12.50"),
        (-5, "EUR", "-0.05"),
        (1_234_567, "CLF", "123.4567"),
    ],
)
def test_an_amount_has_its_currencys_digits(amount_minor: int, currency: str, shown: str) -> None:
    assert decimal_text(amount_minor, currency) == shown
    assert amount_text(amount_minor, currency) == f"{currency} {shown}"


def test_a_currency_that_has_left_the_list_is_told_as_it_is_stored() -> None:
    assert amount_text(12_500, "DEM") == "DEM 12,500 minor units"


@pytest.mark.parametrize("currency", ["EUR", "JPY", "IDR", "XOF", "ZWG", "XCG", "VED"])
def test_currencies_in_use_are_taken(currency: str) -> None:
    assert refused_currency("currency", currency) is None


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "ABC", "DEM", "HRK", "XXX", "XTS", "XAU", "E" * 1_000])
def test_what_is_no_currency_in_use_is_refused(currency: str) -> None:
    refusal = refused_currency("amount.currency", currency)
    assert refusal is not None
    assert refusal.field == "amount.currency"
    assert "ISO 4217" in refusal.limit
    assert len(refusal.problem) < 60


@given(st.integers(-(10**13), 10**13), st.sampled_from(["EUR", "JPY", "KWD", "CLF", "DEM"]))
def test_no_digit_is_lost_or_invented(amount_minor: int, currency: str) -> None:
    shown = decimal_text(amount_minor, currency)
    assert int("".join(letter for letter in shown if letter in "-0123456789")) == amount_minor


def test_what_a_refusal_says_of_an_amount_has_its_digits() -> None:
    assert str(Money(1_250, "JPY")) == "JPY 1,250"


@pytest.mark.parametrize(
    ("amount_minor", "currency", "shown"),
    [(1_250, "JPY", "1,250 JPY"), (12_500, "LYD", "12.500 LYD"), (1_250, "EUR", "12.50 EUR"), (0, "", "-")],
)
def test_totals_are_told_in_their_currencys_digits(amount_minor: int, currency: str, shown: str) -> None:
    money = pb_money.Money(amount_minor=amount_minor, currency=currency)
    row = pb.PerformanceTotals(performance_id="prf_1", revenue=money, lines=[pb.SalesLine(revenue=money)])
    assert list(as_table([row]).columns[-1].cells) == [shown, shown]
