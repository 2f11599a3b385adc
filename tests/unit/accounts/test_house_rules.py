"""R2.1: the rules of a house's label, time zone and currency."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.accounts.domain.house import refused_house, refused_label, refused_time_zone

LABEL_LETTERS = string.ascii_lowercase + string.digits


@pytest.mark.parametrize("label", ["genovacircus", "a", "7", "theater-an-der-wien", "x" * 63, "a--b"])
def test_a_subdomain_label_is_taken(label: str) -> None:
    assert refused_label(label) is None


@pytest.mark.parametrize(
    ("label", "problem"),
    [
        ("", "must be set"),
        ("genova.circus", "has a dot"),
        ("genovacircus.example.com", "has a dot"),
        ("https://genovacircus", "not a host name or address"),
        ("genovacircus:8080", "not a host name or address"),
        ("GenovaCircus", "has upper case letters"),
        ("ÉCOLE", "has upper case letters"),
        ("-genova", "begins or ends with a hyphen"),
        ("genova-", "begins or ends with a hyphen"),
        ("-", "begins or ends with a hyphen"),
        ("genova circus", "characters that a label cannot have"),
        ("genova_circus", "characters that a label cannot have"),
        ("théâtre", "characters that a label cannot have"),
        ("genova\n", "characters that a label cannot have"),
        ("٣", "characters that a label cannot have"),
        ("x" * 64, "has 64 characters"),
        ("xn--thtre-gsa", "is reserved"),
        ("www", "is reserved"),
        ("api", "is reserved"),
    ],
)
def test_anything_else_is_refused_and_says_why(label: str, problem: str) -> None:
    refusal = refused_label(label)
    assert refusal is not None
    assert refusal.field == "label"
    assert problem in refusal.problem
    assert "63" in refusal.limit


@settings(deadline=None)
@given(st.text(max_size=70))
def test_a_taken_label_is_always_one_that_dns_takes(label: str) -> None:
    if refused_label(label) is None:
        assert 1 <= len(label) <= 63
        assert set(label) <= set(LABEL_LETTERS + "-")
        assert label[0] != "-" != label[-1]


@pytest.mark.parametrize("name", ["Europe/Berlin", "Europe/Amsterdam", "Europe/Oslo", "UTC"])
def test_a_place_of_the_time_zone_database_is_taken(name: str) -> None:
    assert refused_time_zone(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Berlin",
        "europe/berlin",
        "CEST",
        "+01:00",
        "../etc/passwd",
        "/etc/localtime",
        "localtime",
        "Europe/Berlin\x00",
    ],
)
def test_any_other_time_zone_is_refused(name: str) -> None:
    refusal = refused_time_zone(name)
    assert refusal is not None
    assert refusal.field == "time_zone"
    assert "Europe/Berlin" in refusal.limit


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "€", "EU1", "\uff25UR", "EUR\n", "ABC", "XXX"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    refusal = refused_house(label="genova", name="Genova", time_zone="Europe/Rome", currency=currency, languages=["en"])
    assert refusal is not None
    assert refusal.field == "currency"


def test_the_first_wrong_field_of_a_house_is_named() -> None:
    right = {"label": "genova", "name": "Genova", "time_zone": "Europe/Rome", "currency": "EUR"}
    assert refused_house(**right, languages=["en"]) is None
    for field, value in (("label", "A"), ("name", " "), ("time_zone", "Rome"), ("currency", "eur")):
        refusal = refused_house(**{**right, field: value}, languages=["en"])
        assert refusal is not None
        assert refusal.field == field
