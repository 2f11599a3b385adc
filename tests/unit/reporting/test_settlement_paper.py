"""R3.21 on paper and as tables, opened by other people's readers: every figure is there, in every language."""

from __future__ import annotations

import csv
import io

import openpyxl
import pypdf
import pytest

from services.contracts.languages import LANGUAGES
from services.paper.house_style import HouseStyle
from services.paper.localised import money_text, share_text
from services.paper.table_csv import write_csv
from services.paper.table_excel import write_excel
from services.reporting.domain.settlement import LineKind
from services.reporting.domain.settlement_obstacles import ObstacleKind
from services.reporting.paper.settlement_pdf import SettlementPaper, write_settlement
from services.reporting.paper.settlement_table import settlement_table
from services.reporting.paper.settlement_words import SettlementWords, W
from tests.unit.reporting.settlement_papers import correction, final, provisional


def style(language: str) -> HouseStyle:
    return HouseStyle("Stadsschouwburg Utrecht", language, "Europe/Amsterdam", "EUR")


def read(paper: SettlementPaper, language: str) -> str:
    sink = io.BytesIO()
    write_settlement(sink, style(language), paper)
    pages = pypdf.PdfReader(io.BytesIO(sink.getvalue())).pages
    return plain(" ".join(page.extract_text() for page in pages))


def plain(text: str) -> str:
    """Spaces of every width are one."""
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_r3_21_the_paper_tells_every_line_and_its_mark(language: str) -> None:
    words = SettlementWords(language)
    told = read(final(), language)
    assert words(W.FINAL) in told
    assert words(W.PROVISIONAL) not in told
    settled = final().document.settlement
    assert settled is not None
    for line in settled.lines:
        # What comes off is told with a minus.
        both = (line.amount_minor, -line.amount_minor)
        assert any(plain(money_text(amount, "EUR", language)) in told for amount in both), line
    for text in ("2027-0001", "Elckerlijc", "Het Gezelschap", "VVV Utrecht", "domplein-feb", "CJP-korting", "4c4c4c"):
        assert text in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_r3_21_a_provisional_one_says_so_and_why_and_is_not_to_be_signed(language: str) -> None:
    words, told = SettlementWords(language), read(provisional(), language)
    assert words(W.PROVISIONAL) in told
    assert words.obstacle(ObstacleKind.ALLOTMENT_OPEN, "domplein-feb", 4) in told
    assert words(W.FOR_PRODUCER) not in told
    assert "SHA-256" not in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_r3_21_a_correction_names_what_it_corrects_and_each_difference(language: str) -> None:
    words, paper = SettlementWords(language), correction()
    told = read(paper, language)
    assert words(W.CORRECTION) in told
    assert words(W.CORRECTION_NOTE, "2027-0001") in told
    assert words(W.DIFFERENCES, "2027-0001") in told
    for one in paper.document.differences[1:]:
        assert plain(money_text(one.difference, "EUR", language)) in told, one


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_has_a_word_in_every_language(language: str) -> None:
    words = SettlementWords(language)
    assert all(words(word, *"abcd") for word in W)
    assert all(words.line(kind, "x") for kind in LineKind)
    assert all(words.obstacle(kind, "x", 1) for kind in ObstacleKind)


def test_a_share_is_told_with_all_its_decimals() -> None:
    assert [plain(share_text(points, "nl")) for points in (700, 725, 1_000, 7)] == ["7%", "7,25%", "10%", "0,07%"]


def test_r3_21_excel_has_the_same_figures_as_numbers() -> None:
    sink = io.BytesIO()
    write_excel(sink, style("nl"), settlement_table("nl", final()))
    book = openpyxl.load_workbook(io.BytesIO(sink.getvalue()))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    words, settled = SettlementWords("nl"), final().document.settlement
    assert settled is not None
    found = [row[-1] for row in rows if row[0] == words(W.CALCULATION)]
    assert found == [line.amount_minor / 100 for line in settled.lines]
    tickets = [row for row in rows if row[0] == words(W.SOLD)]
    assert sum(row[3] for row in tickets if isinstance(row[3], int)) == 92
    assert sum(row[-1] for row in tickets if isinstance(row[-1], int | float)) == 2016


def test_r3_21_csv_has_the_same_figures_and_a_formula_is_text() -> None:
    paper = correction()
    assert paper.document.corrects is not None
    sink = io.BytesIO()
    write_csv(sink, settlement_table("en", paper))
    heading, *rows = list(csv.reader(io.StringIO(sink.getvalue().decode())))
    amount = heading.index("Amount")
    calculated = [row[amount] for row in rows if row[0] == "Calculation"]
    settled = paper.document.settlement
    assert settled is not None
    assert calculated == [f"{line.amount_minor / 100:.2f}" for line in settled.lines]
    differences = [row for row in rows if row[0] == "What is other than in 2027-0001"]
    assert len(differences) == len(paper.document.differences)
