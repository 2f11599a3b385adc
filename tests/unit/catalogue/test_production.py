"""What a house may say of a production, and how much of it (R2.3)."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.production_messages import details_of, production_message
from services.catalogue.domain.house import House
from services.catalogue.domain.production import (
    MAX_DESCRIPTION_CHARS,
    AgeAdvice,
    ExternalCode,
    Genre,
    Production,
    ProductionDetails,
    ProductionText,
    answer_parts,
    refused_details,
    search_text,
    with_language,
)
from services.contracts.bounds import MAX_ANSWER_BYTES, MAX_PAGE_PARTS

HAMLET = ProductionDetails(
    title="Hamlet",
    performers=("Royal Company", "Ana Díaz"),
    default_language="en",
    subtitle="Prince of Denmark",
    description="To be.\n\nOr not to be.",
    translations=(
        ProductionText("nl", subtitle="Prins van Denemarken"),
        ProductionText("de", "Hamlet", "Prinz von Dänemark", "Sein."),
        ProductionText("nb"),
    ),
    genre=Genre.PLAY,
    duration_minutes=185,
    age_advice=AgeAdvice(12),
    credits="Direction: A. B.\nPhotograph: C. D.",
    source_url="https://company.example/hamlet",
    external_codes=(ExternalCode("podiumkunst", "NL-00-000-0000000|00000"),),
)
LONGEST = ProductionDetails(
    title="\U0001f3ad" * 200,
    performers=("\U0001f3ad" * 200,) * 50,
    subtitle="\U0001f3ad" * 200,
    description="\U0001f3ad" * 10_000,
    translations=tuple(
        ProductionText(f"{first}{second}", "\U0001f3ad" * 200, "\U0001f3ad" * 200, "\U0001f3ad" * 10_000)
        for first in "ab"
        for second in "abcdefghij"
    ),
    credits="\U0001f3ad" * 4_000,
    source_url="https://company.example/" + "x" * 2_000,
    external_codes=tuple(ExternalCode(f"{'x' * 60}{at}", "\U0001f3ad" * 200) for at in range(20)),
)


def faults(details: ProductionDetails, within: str = "") -> list[str]:
    refusal = refused_details(details, within=within)
    return [] if refusal is None else [fault.field for fault in (refusal, *refusal.others)]


def test_r2_3_a_production_says_what_it_is_in_each_language() -> None:
    assert faults(HAMLET) == []
    assert faults(LONGEST) == []
    assert faults(ProductionDetails("Hamlet")) == []


WRONG: list[tuple[dict[str, object], str]] = [
    ({"title": ""}, "title"),
    ({"title": "x" * 201}, "title"),
    ({"title": "two\nlines"}, "title"),
    ({"performers": ("",)}, "performers[0]"),
    ({"performers": ("A",) * 51}, "performers"),
    ({"default_language": "english"}, "default_language"),
    ({"default_language": "EN"}, "default_language"),
    ({"default_language": "de_AT"}, "default_language"),
    ({"subtitle": "\x00"}, "subtitle"),
    ({"description": "x" * (MAX_DESCRIPTION_CHARS + 1)}, "description"),
    ({"description": "a\x1b[31m"}, "description"),
    ({"description": " \n "}, "description"),
    ({"credits": "x" * 4_001}, "credits"),
    ({"translations": (ProductionText("en"),)}, "translations[0].language"),
    ({"translations": (ProductionText("nl"), ProductionText("nl"))}, "translations[1].language"),
    ({"translations": (ProductionText("nl", title="x" * 201),)}, "translations[0].title"),
    ({"translations": (ProductionText("nl", description="x" * 10_001),)}, "translations[0].description"),
    ({"translations": (ProductionText("nl"),) * 21}, "translations"),
    ({"genre": Genre.UNKNOWN}, "genre"),
    ({"duration_minutes": 1_441}, "duration_minutes"),
    ({"age_advice": AgeAdvice(121)}, "age_advice.from_age"),
    ({"age_advice": AgeAdvice(12, 6)}, "age_advice.to_age"),
    ({"source_url": "javascript:alert(1)"}, "source_url"),
    ({"external_codes": (ExternalCode("Podiumkunst", "1"),)}, "external_codes[0].system"),
    ({"external_codes": (ExternalCode("a", "1"), ExternalCode("a", "2"))}, "external_codes[1].system"),
    ({"external_codes": (ExternalCode("a", ""),)}, "external_codes[0].code"),
    ({"external_codes": (ExternalCode("a", "1"),) * 21}, "external_codes"),
]


@pytest.mark.parametrize(("changes", "field"), WRONG)
def test_r2_3_what_is_out_of_bounds_is_named_with_its_limit(changes: dict[str, object], field: str) -> None:
    refusal = refused_details(replace(HAMLET, **changes))  # type: ignore[arg-type]
    assert refusal is not None
    assert refusal.field == field
    assert refusal.limit


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = replace(HAMLET, title="", default_language="?", genre=Genre.UNKNOWN, duration_minutes=5_000)
    told = faults(wrong, within="production.")
    assert told == [
        "production.title",
        "production.default_language",
        "production.genre",
        "production.duration_minutes",
    ]


def test_everything_that_is_said_comes_back_over_the_wire() -> None:
    for details in (HAMLET, LONGEST, ProductionDetails("Hamlet")):
        assert details_of(production_message(Production("prd_1", "hse_1", details, 5))) == details


def test_the_fields_of_the_details_are_those_of_the_messages() -> None:
    names = {detail.name for detail in fields(ProductionDetails)}
    asked = {field.name for field in pb.CreateProductionRequest.DESCRIPTOR.fields}
    answered = {field.name for field in pb.Production.DESCRIPTOR.fields}
    assert asked == names | {"idempotency_key", "house_id"}
    assert answered > names


def test_every_genre_has_its_value_in_the_proto() -> None:
    for genre in Genre:
        if genre is not Genre.UNKNOWN:
            assert details_of(pb.Production(genre=pb.Genre.Value(f"GENRE_{genre.name}"))).genre is genre
    assert len(pb.Genre.values()) == len(Genre)
    assert details_of(pb.Production(genre=77)).genre is Genre.UNKNOWN  # type: ignore[arg-type]


def test_a_production_speaks_the_houses_first_language_where_it_names_none() -> None:
    house = House("hse_1", "genova", "Genova", "Europe/Rome", "EUR", ("it", "en"))
    assert with_language(ProductionDetails("Hamlet"), house).default_language == "it"
    assert with_language(ProductionDetails("Hamlet"), replace(house, languages=())).default_language == "en"
    assert with_language(HAMLET, house) == HAMLET


def test_lines_that_a_browser_sends_are_kept_as_plain_ones() -> None:
    assert details_of(pb.Production(description="a\r\nb", credits="c\r\n")).description == "a\nb"


def test_a_text_is_found_in_any_title_and_performer_whatever_its_case() -> None:
    found = search_text(replace(HAMLET, title="Die GROSSE Straße", translations=(ProductionText("nl", "De Straat"),)))
    for text in ("grosse", "STRASSE", "straat", "díaz"):
        assert text.casefold() in found
    assert "denmark" not in found


def test_pages_of_the_longest_productions_are_answers_that_every_client_takes() -> None:
    for details in (LONGEST, replace(ProductionDetails("\U0001f3ad" * 200), description="\U0001f3ad" * 690)):
        production = production_message(Production("prd_" + "x" * 60, "h" * 64, details, 4_102_444_800_000))
        page = pb.ListProductionsResponse(productions=[production] * max(1, MAX_PAGE_PARTS // answer_parts(details)))
        assert page.ByteSize() < MAX_ANSWER_BYTES
