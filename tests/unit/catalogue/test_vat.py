"""A house's taxes: rates by date, what a country begins with, and faults all at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.catalogue.adapters import vat_rates
from services.catalogue.adapters.vat_rates import country_rates
from services.catalogue.domain.vat import CountryRates, VatClass, VatKind, VatRate, classes_of, refused_vat_class

REDUCED = VatClass("Reduced", VatKind.REDUCED, (VatRate("2026-01-01", 2_100), VatRate("", 900)))


@pytest.mark.parametrize(
    ("day", "rate"), [("1999-12-31", 900), ("2025-12-31", 900), ("2026-01-01", 2_100), ("2031-07-01", 2_100)]
)
def test_the_latest_rate_up_to_the_day_applies(day: str, rate: int) -> None:
    assert REDUCED.rate_on(day) == rate


def test_before_the_first_rate_the_first_applies() -> None:
    late = VatClass("Late", VatKind.STANDARD, (VatRate("2020-01-01", 1_900), VatRate("2021-01-01", 1_600)))
    assert late.rate_on("2019-06-01") == 1_900


def test_a_country_begins_with_its_classes_of_today_and_their_history() -> None:
    found = classes_of(country_rates()["NL"], "2026-11-29")
    assert set(found) == {"exempt", "reduced", "standard"}
    assert found["standard"].rates == (VatRate("", 1_900), VatRate("2012-10-01", 2_100))
    assert found["reduced"].rates == (VatRate("", 600), VatRate("2019-01-01", 900))
    assert found["exempt"].rates == (VatRate("", 0),)
    assert (found["exempt"].kind, found["standard"].kind) == (VatKind.EXEMPT, VatKind.STANDARD)


def test_classes_that_a_country_has_no_more_are_left_out_and_announced_ones_are_there() -> None:
    periods = [
        CountryRates("2027-01-01", {"standard": 2_100, "culture": 500}),
        CountryRates("2024-01-01", {"standard": 2_100, "reduced": 1_200}),
        CountryRates("", {"standard": 2_000, "reduced1": 1_000}),
    ]
    assert set(classes_of(periods, "2026-06-01")) == {"exempt", "standard", "reduced", "culture"}
    assert classes_of(periods, "2026-06-01")["standard"].rates == (VatRate("", 2_000), VatRate("2024-01-01", 2_100))


def test_every_countrys_classes_are_right_by_the_rules_of_a_class() -> None:
    for country, periods in country_rates().items():
        for name, vat_class in classes_of(periods, "2026-11-29").items():
            assert refused_vat_class(name, vat_class) is None, (country, name)


def test_rates_with_halves_of_a_percent_are_exact_basis_points() -> None:
    by_country = country_rates()
    assert {480, 1_350} <= set(by_country["IE"][0].rates.values())
    raw = json.loads((Path(vat_rates.__file__).parent / "vat_rates.json").read_text(encoding="utf-8"))
    assert raw["details"] == "https://github.com/ibericode/vat-rates"
    assert set(raw["items"]) == set(by_country)


def test_all_that_is_wrong_with_a_class_is_told_at_once() -> None:
    rates = (VatRate("2026-02-30", 10_001), VatRate("", 0), VatRate("", -1), VatRate("20260101", 1))
    refusal = refused_vat_class("a b", VatClass("", None, rates))
    assert refusal is not None
    assert [violation.field for violation in refusal.violations()] == [
        "vat_class.vat_class_id",
        "vat_class.name",
        "vat_class.kind",
        "vat_class.rates[0].basis_points",
        "vat_class.rates[0].from_date",
        "vat_class.rates[2].basis_points",
        "vat_class.rates[2].from_date",
        "vat_class.rates[3].from_date",
    ]


def test_an_exempt_class_has_no_rate() -> None:
    refusal = refused_vat_class("exempt", VatClass("Exempt", VatKind.EXEMPT, (VatRate("", 700),)))
    assert refusal is not None
    assert (refusal.field, refusal.limit) == ("vat_class.rates[0].basis_points", "0 for an exempt class")
