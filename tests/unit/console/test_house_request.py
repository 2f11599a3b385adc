"""What people give with a command becomes the request that they mean; all that is wrong with it is told at once."""

from pathlib import Path
from typing import Any

import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.podiumkunst.v1 import figures_pb2, figures_service_pb2
from google.protobuf.field_mask_pb2 import FieldMask

from services.console.house.app import SUBJECTS
from services.console.house.command import Command, Subject
from services.console.house.fields import option_fields
from services.console.house.request import Extras, request_of
from services.console.house.subjects.figures import FIGURES
from services.console.house.values import HouseTerms
from services.contracts.wire_types import instant_ms
from services.runtime.errors import FieldInvalid

AMSTERDAM = HouseTerms("Europe/Amsterdam", "EUR")


def declared(method: str) -> tuple[Subject, Command]:
    """The command that calls a method."""
    return next((subject, each) for subject in SUBJECTS for each in subject.commands if each.method == method)


def request(method: str, terms: HouseTerms = AMSTERDAM, extras: Extras | None = None, **given: Any) -> Any:
    """The request of the command, or why not."""
    subject, command = declared(method)
    shape = subject.method_of(command).input_type
    return request_of(shape, option_fields(subject, command), given, terms, extras or Extras())


def told(refused: Any) -> list[tuple[str, str]]:
    """The fields that are wrong, and their limits."""
    assert isinstance(refused, FieldInvalid)
    return [(fault.field, fault.limit) for fault in (refused, *refused.others)]


def test_a_create_has_what_was_given_and_its_key() -> None:
    made = request(
        "CreateProduction",
        extras=Extras(idempotency_key="k1"),
        title="De Storm",
        performers=["Anna", "Bo"],
        genre="jazz-and-world",
        duration_minutes="95",
        age_advice_from_age="8",
    )
    assert made == pb.CreateProductionRequest(
        idempotency_key="k1",
        title="De Storm",
        performers=["Anna", "Bo"],
        genre=pb.GENRE_JAZZ_AND_WORLD,
        duration_minutes=95,
        age_advice=pb.AgeAdvice(from_age=8),
    )


def test_an_updates_mask_names_what_was_given_and_what_was_cleared() -> None:
    made = request(
        "UpdateProduction",
        extras=Extras(etag='"3"', cleared=["source-url"]),
        production_production_id="prd_1",
        production_title="Storm",
        production_age_advice_from_age="8",
        production_age_advice_to_age="12",
        production_subtitle="",
    )
    assert made == pb.UpdateProductionRequest(
        production=pb.Production(production_id="prd_1", title="Storm", age_advice=pb.AgeAdvice(from_age=8, to_age=12)),
        update_mask=FieldMask(paths=["title", "subtitle", "age_advice", "source_url"]),
        etag='"3"',
    )


def test_an_empty_text_empties_a_list_in_place_of_naming_one() -> None:
    command = next(one for one in FIGURES.commands if one.method == "SetReportingSellers")
    shape = FIGURES.method_of(command).input_type
    given = {"sellers_office_ids": [""]}
    made: Any = request_of(shape, option_fields(FIGURES, command), given, AMSTERDAM, Extras(etag='"3"'))
    assert made.HasField("sellers")
    assert made == figures_service_pb2.SetReportingSellersRequest(sellers=figures_pb2.ReportingSellers(), etag='"3"')
    update = request("UpdateProduction", production_production_id="prd_1", production_performers=[""])
    assert (list(update.production.performers), update.update_mask.paths) == ([], ["performers"])


def test_times_are_those_of_the_houses_clock() -> None:
    made = request("CopyPerformance", performance_id="prf_1", starts_at="2027-01-15 20:00")
    assert made.starts_at.ToJsonString() == "2027-01-15T19:00:00Z"
    summer = request("CopyPerformance", performance_id="prf_1", starts_at="2027-07-15 20:00")
    assert summer.starts_at.ToJsonString() == "2027-07-15T18:00:00Z"


@pytest.mark.parametrize(
    ("local", "earlier", "later"),
    [
        ("2027-03-28 02:30", "2027-03-28T00:30:00Z", "2027-03-28T01:30:00Z"),  # skipped
        ("2027-10-31 02:30", "2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"),  # doubled
    ],
)
def test_a_time_that_daylight_saving_skips_or_doubles_names_both_and_is_chosen_from(
    local: str, earlier: str, later: str
) -> None:
    refused = request("CopyPerformance", performance_id="prf_1", starts_at=local)
    assert told(refused) == [("starts_at", f"{earlier} or {later}")]
    for fold, instant in ((0, earlier), (1, later)):
        terms = HouseTerms("Europe/Amsterdam", "EUR", fold)
        made = request("CopyPerformance", terms, performance_id="prf_1", starts_at=local)
        assert made.starts_at.ToJsonString() == instant
        plain = request("CopyPerformance", terms, performance_id="prf_1", starts_at="2027-01-15 20:00")
        assert plain.starts_at.ToJsonString() == "2027-01-15T19:00:00Z"


def test_everything_that_stands_for_no_value_is_told_at_once(tmp_path: Path) -> None:
    refused = request(
        "CreatePerformance",
        starts_at="tomorrow",
        doors_at="2027-03-28 02:30",
        seats_per_holder="many",
        admission="never",
        prices=["category=Balkon,amount=22.505", "Balkon", "category=Balkon,colour=red"],
    )
    assert [field for field, _ in told(refused)] == [
        "prices[0].amount",
        "prices[1]",
        "prices[2].colour",
        "seats_per_holder",
        "starts_at",
        "doors_at",
        "admission",
    ]
    missing = str(tmp_path / "no.json")
    assert told(request("ImportSeatingPlan", plan_json=missing)) == [("plan_json", "the path of a file")]


def test_files_are_given_by_path(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_bytes(b"{}")
    assert request("ImportSeatingPlan", hall_id="hal_1", plan_json=str(plan)).plan_json == b"{}"


def test_a_price_says_no_more_than_it_must() -> None:
    made = request(
        "CreatePriceList", price_list_name="Season", price_list_prices=["category=Balkon,amount=22.50"]
    ).price_list
    (price,) = made.prices
    assert (price.category, price.ticket_type, price.kind) == ("Balkon", "normal", pb.TICKET_KIND_NORMAL)
    assert (price.amount.amount_minor, price.amount.currency) == (2250, "EUR")


def test_a_price_of_parts_costs_what_nobody_can_avoid() -> None:
    text = '"category=Rang 1, links",ticket_type=student,kind=discount,base=25,service_fee=2.50@high,wardrobe_fee=1?'
    (price,) = request("UpdatePerformancePrices", performance_id="prf_1", prices=[text]).prices
    assert (price.category, price.ticket_type, price.kind) == ("Rang 1, links", "student", pb.TICKET_KIND_DISCOUNT)
    assert price.amount.amount_minor == 2750
    parts = [(part.kind, part.amount.amount_minor, part.vat_class, part.avoidable) for part in price.components]
    assert parts == [
        (pb.PRICE_COMPONENT_KIND_BASE, 2500, "", False),
        (pb.PRICE_COMPONENT_KIND_SERVICE_FEE, 250, "high", False),
        (pb.PRICE_COMPONENT_KIND_WARDROBE_FEE, 100, "", True),
    ]


def test_amounts_may_name_their_currency_and_have_its_digits() -> None:
    text = "category=Balkon,amount=JPY 2250"
    assert request("UpdatePerformancePrices", prices=[text]).prices[0].amount.amount_minor == 2250
    assert told(request("UpdatePerformancePrices", prices=["category=Balkon,amount=JPY 22.50"])) == [
        ("prices[0].amount", "an amount such as 1250")
    ]


def test_what_is_nested_deeper_is_given_as_json_or_divided_by_plus() -> None:
    made = request("BuildSeatingPlan", blocks=["zone=A,rows=2,seats_per_row=3,aisles_after_place=1+2"], name="x")
    assert list(made.blocks[0].aisles_after_place) == [1, 2]
    json = '{"zone": "A", "rows": 2, "seats_per_row": 3, "categories": [{"category": "1", "to_row": 1}]}'
    assert request("BuildSeatingPlan", blocks=[json]).blocks[0].categories[0].to_row == 1
    assert told(request("BuildSeatingPlan", blocks=['{"zone": 1}']))[0][0] == "blocks[0]"


def test_a_series_is_a_weekly_rule_or_a_list_of_starts() -> None:
    weekly = request(
        "CreateSeries",
        performance_id="prf_1",
        weekly_weekdays=["5", "6"],
        weekly_local_times=["20:00"],
        weekly_first_date="2027-02-01",
        weekly_last_date="2027-03-01",
    )
    assert list(weekly.weekly.weekdays) == [5, 6]
    listed = request("CreateSeries", performance_id="prf_1", starts_starts_at=["2027-01-15 20:00", "2027-01-16 20:00"])
    assert [instant_ms(each) % 86_400_000 // 3_600_000 for each in listed.starts.starts_at] == [19, 19]
