"""Files of tables, opened by other people's readers: openpyxl, the csv module, pypdf and PDFium."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime

import openpyxl
import pytest

from services.contracts.languages import LANGUAGES
from services.paper.formulas import neutralised
from services.paper.house_style import HouseStyle
from services.paper.localised import money_text
from services.paper.table_excel import sheet_name
from services.paper.tables import Amount, CellKind, TableColumn
from tests.unit.paper.pdf_reading import ink_of, outside, overlapping, texts
from tests.unit.paper.table_samples import COLUMNS, charts, sales, total, written

# What clocks on the wall show has no zone.
LOCAL = datetime(2026, 10, 3), datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001
EVIL = (
    '=HYPERLINK("http://evil.example","Prize")', "+1+1", "-2+3", "@SUM(A1:A9)", "\tX", "\r=1", ' =1+1', '"=1+1',
    "\uff1d1+1",
)  # fmt: skip
HARMLESS = ("Parket", "Balkon 1e rij", "20:00 - 22:00", "a=b", "Ōsaka", 'say "hi", twice', "two\nlines")


def style(language: str = "en", currency: str = "EUR") -> HouseStyle:
    return HouseStyle("Schouwburg Het Rad", language, "Europe/Amsterdam", currency)


def sheet_of(content: bytes) -> list[tuple[object, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return list(book.worksheets[0].iter_rows(values_only=True))


def lines_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))


@pytest.mark.parametrize("text", EVIL)
def test_r3_6_what_a_spreadsheet_would_run_is_a_text_in_a_csv(text: str) -> None:
    assert neutralised(text) == f"'{text}"
    lines = lines_of(written("CSV", [("", sales([text]), [], [])], style=style()))
    assert lines[1][2] == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_are_told_as_they_are(text: str) -> None:
    assert neutralised(text) == text
    assert lines_of(written("CSV", [("", sales([text]), [], [])], style=style()))[1][2] == text


def test_r3_6_a_csv_is_rfc_4180_and_its_numbers_stay_numbers() -> None:
    rows = sales(["Parket", "Balkon", "Loge"])
    content = written("CSV", [("", rows, [total(rows)], charts(3))], style=style("de"))
    # A line end of two characters after each record, and no mark before the first.
    assert content.count(b"\r\n") == content.count(b"\n") == 4
    assert not content.startswith(b"\xef\xbb\xbf")
    header, *lines = lines_of(content)
    assert header == ["Day", "At", "Category", "Tickets", "Revenue", "Revenue (currency)", "Occupancy"]
    assert lines[0] == ["2026-10-01", "2026-10-25T02:30:00", "Parket", "-1", "-1234.56", "EUR", "0.0000"]
    assert lines[2] == ["2026-10-03", "2026-10-25T02:30:00", "Loge", "1", "1234.56", "EUR", "0.2500"]


def test_r3_6_no_cell_of_a_workbook_is_a_formula_or_a_link() -> None:
    content = written("EXCEL", [(EVIL[0], sales(EVIL), [], [])], style=style(), blocks_heading="=House")
    book = openpyxl.load_workbook(io.BytesIO(content))
    kinds = {cell.data_type for sheet in book.worksheets for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    assert not [cell.hyperlink for row in book.worksheets[0].iter_rows() for cell in row if cell.hyperlink]
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert not [name for name in parts.namelist() if b"<f>" in parts.read(name) or b"hyperlink" in parts.read(name)]
    assert next(row[3] for row in sheet_of(content)[1:]) == EVIL[0]


def test_r3_6_a_workbook_has_typed_cells_totals_and_a_frozen_heading() -> None:
    rows = sales(["Parket", "Balkon", "Loge"])
    content = written("EXCEL", [("", rows, [total(rows)], [])], style=style("nl"))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [column.heading for column in COLUMNS]
    day, at, name, tickets, revenue, occupancy = sheet[4]
    assert (day.value, at.value, name.value) == (*LOCAL, "Loge")
    assert (tickets.value, revenue.value, occupancy.value) == (1, 1234.56, 0.25)
    assert (day.number_format, at.number_format) == ("dd-mm-yyyy", "dd-mm-yyyy hh:mm")
    assert (revenue.number_format, occupancy.number_format) == (
        "[$€]\u00a0#,##0.00;[$€]\u00a0-#,##0.00",
        "0.0%",
    )
    assert [cell.value for cell in sheet[5]] == ["Total", None, None, 0, 0, None]
    assert sheet["A5"].font.bold
    assert sheet.freeze_panes == "A2"
    # Totals are not among what is filtered and sorted.
    assert sheet.auto_filter.ref == "A1:F4"
    assert all(sheet.column_dimensions[name].width > 8 for name in "ABCDEF")


def test_a_currency_without_minor_digits_is_told_without_them() -> None:
    """R-money: 1250 with JPY is JPY 1,250."""
    rows = sales(["A", "B", "C"], "JPY")
    block = [("", rows, [total(rows, "JPY")], charts(3, "JPY"))]
    cell = openpyxl.load_workbook(io.BytesIO(written("EXCEL", block, style=style("en", "JPY")))).worksheets[0]["E4"]
    assert (cell.value, cell.number_format) == (123_456, "[$JP¥]#,##0")
    assert lines_of(written("CSV", block, style=style("en", "JPY")))[3][4:6] == ["123456", "JPY"]
    assert money_text(123_456, "JPY", "en") in " ".join(texts(written("PDF", block, style=style("en", "JPY"))))


@pytest.mark.parametrize("language", LANGUAGES)
def test_r3_7_numbers_money_and_days_are_written_as_the_language_does(language: str) -> None:
    told = " ".join(texts(written("PDF", [("", sales(["A", "B", "C"]), [], [])], style=style(language))))
    written_so = {
        "en": ("3 Oct 2026", "25 Oct 2026, 02:30", "€1,234.56", "25.0%", "Page 1 of 1"),
        "nl": ("3 okt 2026", "25 okt 2026, 02:30", "€ 1.234,56", "25,0%", "Pagina 1 van 1"),
        "de": ("03.10.2026", "25.10.2026, 02:30", "1.234,56 €", "25,0 %", "Seite 1 von 1"),
        "nb": ("3. okt. 2026", "25. okt. 2026, 02:30", "1 234,56 €", "25,0 %", "Side 1 av 1"),
    }[language]
    for text in written_so:
        assert text in told.replace("\u00a0", " ").replace("\u202f", " "), (text, told)


def test_several_houses_are_told_apart_in_each_form() -> None:
    blocks = [
        (house, rows, [total(rows)], charts(len(rows)))
        for house, rows in (("Bourla", sales(["A", "B"])), ("KVS", sales(["C"])))
    ]
    lines = lines_of(written("CSV", blocks, style=style(), blocks_heading="House"))
    assert [line[0] for line in lines] == ["House", "Bourla", "Bourla", "KVS"]
    rows = sheet_of(written("EXCEL", blocks, style=style(), blocks_heading="House"))
    assert [row[:2] for row in rows[4:]] == [("Bourla", "Total"), ("KVS", "Total")]
    told = " ".join(texts(written("PDF", blocks, style=style(), blocks_heading="House")))
    assert told.index("Bourla") < told.index("KVS")


@pytest.mark.parametrize("form", ["PDF", "EXCEL", "CSV"])
def test_an_empty_report_is_a_whole_file_that_says_so(form: str) -> None:
    content = written(form, [("", [], [], [])], style=style())
    match form:
        case "PDF":
            assert "Nothing was sold." in texts(content)[0]
        case "EXCEL":
            assert sheet_of(content)[1][0] == "Nothing was sold."
        case _:
            assert len(lines_of(content)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_on_a_page_is_clipped_or_printed_over_something_else(language: str) -> None:
    names = [*HARMLESS[:4], "An extraordinarily long name of a category that nobody would give " * 3] * 14
    wide = [*COLUMNS, *(TableColumn(f"Money of kind {number}", CellKind.MONEY) for number in range(4))]
    rows = [[*row, *([Amount(9_999_999_999, "EUR")] * 4)] for row in sales(names)]
    content = written("PDF", [("", rows, [], charts(90))], style=style(language), columns=wide)
    told = texts(content)
    assert len(told) > 2
    for page in range(len(told)):
        inks = ink_of(content, page)
        assert not overlapping(inks)
        # Five columns of money make the page lie.
        assert not outside(inks, 297, 210, 8)
    assert "9" in told[1]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sales: by/performance?", "Sales  by performance"),
        ("'quoted'", "quoted"),
        ("x" * 40, "x" * 31),
        ("", "Balcon"),
        ("History", "History 2"),
    ],
)
def test_the_name_of_a_sheet_is_one_that_excel_takes(text: str, name: str) -> None:
    assert sheet_name(text) == name


def test_two_sheets_never_have_the_same_name() -> None:
    assert sheet_name("about", "About") == "about 2"
