"""Invoices on paper: what they tell in each language, and that nothing is written that does not add up."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader

from services.contracts.languages import LANGUAGES
from services.contracts.prices import ComponentKind
from services.paper.house_style import HouseStyle
from services.ticketing.domain.invoice import Invoice, InvoiceBuyer, InvoiceKind, InvoiceLine, InvoicePart
from services.ticketing.domain.invoicing import Invoicing
from services.ticketing.paper.invoice import InvoicedShow, InvoicePaper, write_invoice
from services.ticketing.paper.invoice_words import INVOICE_WORDS

LINE = InvoiceLine(
    "p1",
    "A-1",
    "Stalls A 1",
    "Stalls",
    "normal",
    (InvoicePart("base", 2_500, "low", 900, 206), InvoicePart("service_fee", 150, "high", 2_100, 26)),
)
INVOICE = Invoice("inv_1", InvoiceKind.INVOICE, "GEN-2026-18", "ord_1", "EUR", "en", 1_800_000_000_000, (LINE,))
SELLER = Invoicing("Circus Genova B.V.", ("Neude 11",), "NL8123", "KvK 3012", note="Thank you")
PAPER = InvoicePaper(
    INVOICE, SELLER, (InvoicedShow("p1", "Hamlet", 1_900_000_000_000, "Hall"),), InvoiceBuyer("Wietske Dijkstra")
)


def text_of(paper: InvoicePaper, language: str) -> str:
    out = BytesIO()
    write_invoice(out, HouseStyle("Circus Genova", language, "Europe/Amsterdam", "EUR"), paper)
    return " ".join(page.extract_text() for page in PdfReader(out).pages)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_tells_who_sells_to_whom_what_and_the_tax_in_it(language: str) -> None:
    text = text_of(PAPER, language)
    words = INVOICE_WORDS[language]
    for told in (words.invoice, "GEN-2026-18", "Circus Genova B.V.", "Wietske Dijkstra", "Hamlet", "KvK 3012", "ord_1"):
        assert told in text
    assert words.components["service_fee"] in text
    assert text.count("26") >= 2


def test_every_component_of_a_price_has_its_word_in_every_language() -> None:
    kinds = {kind.value for kind in ComponentKind}
    assert all(set(words.components) == kinds for words in INVOICE_WORDS.values())


def test_a_credit_note_names_the_invoice_that_it_takes_from() -> None:
    note = replace(INVOICE, kind=InvoiceKind.CREDIT_NOTE, corrects="inv_0")
    text = text_of(replace(PAPER, invoice=note, buyer=None, corrects="GEN-2026-17"), "en")
    assert "Credit note" in text
    assert "GEN-2026-17" in text
    assert INVOICE_WORDS["en"].replaced in text


def test_an_invoice_of_300_seats_goes_on_overleaf() -> None:
    many = replace(INVOICE, lines=tuple(replace(LINE, seat_id=f"A-{place}") for place in range(300)))
    out = BytesIO()
    write_invoice(out, HouseStyle("Circus Genova", "en", "Europe/Amsterdam", "EUR"), replace(PAPER, invoice=many))
    assert len(PdfReader(out).pages) > 5
