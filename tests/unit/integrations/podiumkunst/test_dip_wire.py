"""What the platform's answers are read as: opaque numbers, wall times, and nothing of what is no answer."""

from datetime import date, time
from typing import Any

import pytest

from services.integrations.podiumkunst.adapters.dip_wire import (
    DEFAULT_NAMES,
    DipNames,
    ShapeUnknown,
    document_of,
    error_in,
    performances_of,
    sales_of,
)
from services.integrations.podiumkunst.domain.platform import split_number

NAMES = DipNames()


def entry(**changed: Any) -> dict[str, Any]:
    told = {
        "number": "00042",
        "production": {"id": "NL-26-017-0000391", "name": "Hamlet", "performer": "Het Gezelschap"},
        "theater": {"id": "t-12", "name": "Schouwburg", "province": {"id": "NH", "name": "Noord-Holland"}},
        "hall": {"name": "Grote Zaal"},
        "date": "2026-12-01",
        "time": "20:15",
        "season": "2026-2027",
        "status": "agreed",
        "type": "premiere",
        "private": False,
        "school": False,
        "amount_rank1": 300,
        "amount_rank2": 120,
    }
    return told | changed


def test_r0_5_a_number_is_opaque_text_and_keeps_its_zeros() -> None:
    [one] = performances_of([entry()], NAMES).performances
    assert one.number == "NL-26-017-0000391|00042"
    assert split_number(one.number) == ("NL-26-017-0000391", "00042")


@pytest.mark.parametrize("number", ["00001", "123456", "11484906", "7-a"])
def test_r0_5_numbers_of_every_length_are_taken(number: str) -> None:
    [one] = performances_of([entry(number=number)], NAMES).performances
    assert one.number == f"NL-26-017-0000391|{number}"


def test_r0_5_a_number_that_comes_whole_is_not_joined_again() -> None:
    [one] = performances_of([entry(number="NL-00-000-0000000|00000")], NAMES).performances
    assert one.number == "NL-00-000-0000000|00000"


def test_all_that_is_told_of_a_performance_is_read() -> None:
    [one] = performances_of({"items": [entry()]}, NAMES).performances
    assert (one.title, one.performer, one.location) == (
        "Hamlet",
        "Het Gezelschap",
        "Grote Zaal",
    )
    assert (one.theatre.theatre_id, one.theatre.province_id, one.theatre.province) == ("t-12", "NH", "Noord-Holland")
    assert (one.day, one.at, one.season, one.status, one.kind) == (
        date(2026, 12, 1),
        time(20, 15),
        "2026-2027",
        "agreed",
        "premiere",
    )
    assert one.capacity[:3] == (300, 120, 0)


def test_a_date_may_hold_its_time_and_a_time_may_be_missing() -> None:
    one, other = performances_of(
        [entry(date="2026-12-01T19:30:00", time=None), entry(number="2", time=None)], NAMES
    ).performances
    assert (one.day, one.at) == (date(2026, 12, 1), time(19, 30))
    assert other.at is None


@pytest.mark.parametrize(
    "changed",
    [
        {"number": None},
        {"number": True},
        {"number": "has space"},
        {"number": "x" * 60},
        {"date": "soon"},
        {"date": "2026-12-01T19:30:00Z", "time": None},
        {"time": "20:15+01:00"},
        {"theater": None},
        {"production": {"id": "NL-1", "name": ["Hamlet"]}},
    ],
)
def test_an_entry_that_cannot_be_read_is_counted_and_costs_the_others_nothing(changed: dict[str, Any]) -> None:
    told = performances_of([entry(**changed), entry(number="A|2"), "no object"], NAMES)
    assert [one.number for one in told.performances] == ["A|2"]
    assert told.unreadable == 2


@pytest.mark.parametrize("body", [b"<html>", b"", b'[{"number": "1"', b"[" * 100_000, b"\xff"])
def test_what_is_no_json_is_no_answer(body: bytes) -> None:
    with pytest.raises(ShapeUnknown):
        document_of(body)


@pytest.mark.parametrize("document", [{}, {"items": 1}, "text", None, 5])
def test_what_is_no_list_is_no_answer(document: Any) -> None:
    with pytest.raises(ShapeUnknown):
        performances_of(document, NAMES)


def test_an_error_inside_an_answer_is_told_in_its_own_words() -> None:
    assert error_in({"error": "invalid_request", "error_description": "unknown production"}, NAMES, ()) == (
        "invalid_request: unknown production"
    )
    assert error_in({"error": None}, NAMES, ()) is None
    assert error_in([], NAMES, ()) is None


def test_an_error_that_repeats_a_secret_or_names_a_person_is_kept_without_them() -> None:
    told = {"error": "invalid_client", "error_description": "s3cr3t-us6 is not the secret of anna@kring.example"}
    assert error_in(told, NAMES, ["s3cr3t-us6"]) == "invalid_client: *** is not the secret of ***"


def test_r0_4_sales_are_read_in_cents_and_their_sums_are_looked_at() -> None:
    told = sales_of(
        "NL-1",
        [
            {
                "id": 12,
                "name": "Schouwburg",
                "updated": "2026-11-30",
                "tickets": 90,
                "recette": 225_000,
                "performances": [{"tickets": 40, "recette": 100_000}, {"tickets": 50, "recette": 125_000}],
            },
            {"id": "7", "name": "Elders", "tickets": 10, "recette": 1, "performances": [{"tickets": 9, "recette": 1}]},
        ],
        NAMES,
    )
    assert [(one.theatre.theatre_id, one.tickets, one.recette_minor, one.adds_up) for one in told.theatres] == [
        ("12", 90, 225_000, True),
        ("7", 10, 1, False),
    ]


def test_a_figure_that_cannot_be_read_makes_the_whole_answer_so() -> None:
    with pytest.raises(ShapeUnknown):
        sales_of("NL-1", [{"id": "1", "tickets": "ten", "recette": 1}], NAMES)


def test_a_name_can_be_set_to_another_and_one_that_nobody_asks_for_is_refused() -> None:
    names = DipNames({"performance.title": "name"})
    [one] = performances_of([entry(name="De Storm")], names).performances
    assert one.title == "De Storm"
    with pytest.raises(ValueError, match=r"performance\.titel"):
        DipNames({"performance.titel": "title"})
    assert set(DEFAULT_NAMES) >= {"path.performances", "path.production_sales"}
