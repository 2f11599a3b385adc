"""Statements always add up: what does not is never printed, and the numbers are named."""

from __future__ import annotations

import dataclasses
import io

import pytest

from services.contracts.languages import LANGUAGES
from services.ticketing.paper.documents import (
    AllotmentStatement,
    AllotmentSummary,
    DiscountSales,
    OfficeStatement,
    StatementLine,
)
from services.ticketing.paper.statement import write_allotment_statement, write_office_statement
from tests.unit.paper import pdf_reading
from tests.unit.paper.pdf_reading import squeezed
from tests.unit.paper.style_samples import house_style
from tests.unit.ticketing.paper.document_samples import DAY_MS, OFFICE, line, statement
from tests.unit.ticketing.paper.paper_samples import LONG_PERFORMANCE, PERFORMANCE, STARTS_AT_MS


def printed(made: AllotmentStatement | OfficeStatement, language: str = "en") -> bytes:
    sink = io.BytesIO()
    if isinstance(made, AllotmentStatement):
        write_allotment_statement(sink, house_style(language), made)
    else:
        write_office_statement(sink, house_style(language), made)
    return sink.getvalue()


def summary(handed_out: int, sold: int, returned: int, still_open: int, *, is_final: bool = False) -> AllotmentSummary:
    return AllotmentSummary(
        PERFORMANCE, "K-2026-0031", is_final, handed_out, sold, returned, still_open, amount_minor=sold * 3_250
    )


def of_office(*allotments: AllotmentSummary, discount_sales: tuple[DiscountSales, ...] = ()) -> OfficeStatement:
    return OfficeStatement(
        number="AO-2026-0002",
        issued_at_ms=STARTS_AT_MS + DAY_MS,
        office=OFFICE,
        from_ms=STARTS_AT_MS - 30 * DAY_MS,
        until_ms=STARTS_AT_MS,
        allotments=allotments,
        discount_sales=discount_sales,
    )


def test_r1_11_an_allotment_of_eight_with_five_sold_returns_three() -> None:
    (text,) = pdf_reading.texts(printed(statement(line(8, 5, 3, 0), is_final=True)))
    assert squeezed("Handed out Reported sold Returned Open Amount") in squeezed(text)
    assert squeezed("Rang 1 €32.50 8 5 3 0 €162.50 Total 8 5 3 0 €162.50") in squeezed(text)


def test_lines_of_several_prices_add_up_in_the_total() -> None:
    mixed = StatementLine("Rang 2", 10, 4, 1, 5, 6_000)
    (text,) = pdf_reading.texts(printed(statement(line(8, 5, 3, 0), mixed)))
    assert squeezed("Rang 2 various 10 4 1 5 €60.00 Total 18 9 4 5 €222.50") in squeezed(text)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (line(8, 5, 2, 0), "Rang 1: 5 reported sold, 2 returned, 0 open make 7, but 8 were handed out"),
        (line(8, 9, -1, 0), "Rang 1: 9 reported sold, -1 returned, 0 open of 8: less than none"),
        (line(8, 0, 8, 0, amount_minor=1), "Rang 1: 0 reported sold, 8 returned, 0 open: nothing sold brings 1"),
    ],
)
def test_what_does_not_add_up_is_never_printed(wrong: StatementLine, told: str) -> None:
    sink = io.BytesIO()
    with pytest.raises(AssertionError, match=told):
        write_allotment_statement(sink, house_style(), statement(line(1, 1, 0, 0), wrong))
    assert sink.getvalue() == b""


def test_r1_12_an_allotment_with_open_seats_is_never_final() -> None:
    with pytest.raises(AssertionError, match="Rang 1: 5 reported sold, 0 returned, 3 open: final, but not closed"):
        printed(statement(line(8, 5, 0, 3), is_final=True))


@pytest.mark.parametrize(
    ("language", "final", "provisional"),
    [
        ("en", "FINAL", "PROVISIONAL"),
        ("nl", "DEFINITIEF", "VOORLOPIG"),
        ("de", "ENDGÜLTIG", "VORLÄUFIG"),
        ("nb", "ENDELIG", "FORELØPIG"),
    ],
)
def test_r1_12_a_statement_says_whether_it_is_final(language: str, final: str, provisional: str) -> None:
    (text,) = pdf_reading.texts(printed(statement(line(8, 5, 3, 0), is_final=True), language))
    assert final in text
    assert provisional not in text
    (text,) = pdf_reading.texts(printed(statement(line(8, 5, 0, 3)), language))
    assert provisional in text
    assert final not in text


def test_r1_10_contingent_discounts_stand_apart_from_the_seats_handed_out() -> None:
    sales = (DiscountSales("Staff 10 %", 14, 40_950), DiscountSales("Groups", 3, 7_425))
    (text,) = pdf_reading.texts(printed(statement(line(8, 5, 3, 0), is_final=True, discount_sales=sales)))
    assert squeezed("Total 8 5 3 0 €162.50") in squeezed(text)
    assert squeezed("Contingent discounts") in squeezed(text)
    assert squeezed("Staff 10 % 14 €409.50 Groups 3 €74.25 Total 17 €483.75") in squeezed(text)
    with pytest.raises(AssertionError, match="Staff: no ticket brings 1"):
        printed(statement(line(8, 5, 3, 0), discount_sales=(DiscountSales("Staff", 0, 1),)))


def test_a_statement_of_nothing_is_one_of_zeros() -> None:
    (text,) = pdf_reading.texts(printed(statement()))
    assert squeezed("Total 0 0 0 0 €0.00") in squeezed(text)


def test_an_offices_statement_adds_up_over_its_allotments() -> None:
    (text,) = pdf_reading.texts(printed(of_office(summary(8, 5, 3, 0, is_final=True), summary(4, 1, 0, 3))))
    assert squeezed("Total 12 6 3 3 €195.00") in squeezed(text)
    assert squeezed("Statement of the office") in squeezed(text)
    assert "PROVISIONAL" in text
    (text,) = pdf_reading.texts(printed(of_office(summary(8, 5, 3, 0, is_final=True))))
    assert "FINAL" in text
    with pytest.raises(AssertionError, match="K-2026-0031: 5 reported sold, 3 returned, 1 open make 9, but 8 were"):
        printed(of_office(summary(8, 5, 3, 1)))


def test_an_office_without_allotments_still_has_a_statement() -> None:
    (text,) = pdf_reading.texts(printed(of_office(discount_sales=(DiscountSales("Groups", 3, 7_425),))))
    assert "None." in text
    assert "Groups" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_a_statement_lies_over_anything_else(language: str) -> None:
    long = dataclasses.replace(summary(12_000, 11_000, 1_000, 0), performance=LONG_PERFORMANCE)
    for made in (statement(line(12_000, 11_000, 500, 500)), of_office(*[long] * 14)):
        content = printed(made, language)
        for number in range(len(pdf_reading.texts(content))):
            inks = pdf_reading.ink_of(content, number)
            assert len(inks) > 100
            assert pdf_reading.overlapping(inks) == []
            assert pdf_reading.outside(inks, 210, 297, 9) == []
