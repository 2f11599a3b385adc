"""Delivery notes read back: facts, seats twice, totals, rules, pages counted; and the CSV beside them."""

from __future__ import annotations

import csv
import dataclasses
import io

import pytest

from services.contracts.languages import LANGUAGES
from services.paper.flow import LEFT
from services.ticketing.paper.delivery_note import CSV_COLUMNS, delivery_note_csv, write_delivery_note
from services.ticketing.paper.documents import DeliveryNote, Place
from services.ticketing.paper.seat_ranges import rows_of
from tests.unit.paper import pdf_reading
from tests.unit.paper.pdf_reading import squeezed
from tests.unit.paper.style_samples import house_style
from tests.unit.ticketing.paper.document_samples import delivered, delivery_note
from tests.unit.ticketing.paper.paper_samples import LONG_PERFORMANCE


def printed(note: DeliveryNote, language: str = "nl") -> bytes:
    sink = io.BytesIO()
    write_delivery_note(sink, house_style(language), note)
    return sink.getvalue()


def test_r1_13_a_note_tells_reservation_seats_price_rules_and_conditions() -> None:
    pages = pdf_reading.texts(printed(delivery_note(delivered(50))))
    first = squeezed(" ".join(pages))
    for fact in (
        "Pakbon", "PB-2026-0017", "4 dec 2026", "Schouwburg De Kring", "VVV Rotterdam", "Coolsingel 114",
        "De Kersentuin", "do 24 dec 2026, 20:00", "Grote Zaal", "K-2026-0031", "Harde tickets",
        "24 dec 2026, 12:00", "Alleen aan de balie te verkopen.", "Prijsafspraken", "CJP € 16,00",
        "Voorwaarden", "Handtekening", "Dit ticket geeft eenmaal toegang.", "€ 1.625,00",
    ):  # fmt: skip
        assert squeezed(fact) in first, fact


def test_seats_are_told_by_rows_and_one_by_one() -> None:
    pages = pdf_reading.texts(printed(delivery_note(delivered(50))))
    assert squeezed("Parterre 1 1\u201320 20 Parterre 2 1\u201320 20 Parterre 3 1\u201310 10 Totaal 50") in squeezed(
        pages[0]
    )
    listed = " ".join(pages)
    assert all(listed.count(f"CODE{index:05d}") == 1 for index in range(50))


def test_people_read_short_codes_and_machines_whole_ones() -> None:
    signed = dataclasses.replace(delivered(1)[0], code="B1:SIGNED OVER AND OVER.", code_text="7F3K9QXP")
    note = delivery_note((signed,))
    printed_pages = " ".join(pdf_reading.texts(printed(note)))
    assert "7F3K9QXP" in printed_pages
    assert "SIGNED" not in printed_pages
    assert "B1:SIGNED OVER AND OVER." in delivery_note_csv(house_style(), note).decode()


def test_the_normal_ticket_type_is_spoken_in_print_and_itself_for_machines() -> None:
    note = delivery_note((dataclasses.replace(delivered(1)[0], ticket_type="normal"),))
    assert " ".join(pdf_reading.texts(printed(note, "de"))).count("Normalpreis") == 2
    assert ",normal," in delivery_note_csv(house_style(), note).decode()


def test_long_lists_go_on_overleaf_and_pages_are_counted() -> None:
    pages = pdf_reading.texts(printed(delivery_note(delivered(300), conditions="Niet goed, geld terug. " * 400)))
    assert len(pages) > 8
    assert [f"Pagina {number} van {len(pages)}" in page for number, page in enumerate(pages, 1)] == [True] * len(pages)
    assert sum(page.count("CODE") for page in pages) == 300
    assert all("Ticketcode" in page for page in pages if "CODE" in page)
    assert sum(squeezed(page).count("Nietgoed,geldterug.") for page in pages) > 380


def test_a_note_of_no_seats_says_so() -> None:
    pages = pdf_reading.texts(printed(delivery_note(())))
    assert len(pages) == 1
    assert "Geen plaatsen." in pages[0]
    assert "Pagina 1 van 1" in pages[0]


def test_a_sum_is_told_only_where_every_price_is_known() -> None:
    seats = delivered(3)
    known = pdf_reading.texts(printed(delivery_note(seats)))[0]
    unknown = (*seats, dataclasses.replace(seats[0], price_minor=None))
    told = pdf_reading.texts(printed(delivery_note(unknown)))[0]
    assert squeezed("Totaal 3 € 97,50") in squeezed(known)
    assert squeezed("Totaal 4") in squeezed(told)
    assert squeezed("Totaal 4 €") not in squeezed(told)


@pytest.mark.parametrize("language", LANGUAGES)
def test_long_names_wrap_in_every_language_and_nothing_lies_over_anything(language: str) -> None:
    seat = delivered(1)[0]
    long = dataclasses.replace(
        seat,
        place=Place("Erster Rang links, Seitenloge B (Sicht eingeschränkt)", "XXXVIII", "Rollstuhl 112"),
        category="Donaudampfschifffahrtsgesellschaftskategorie",
        ticket_type="Ermäßigt (Schüler, Studierende, Schwerbehinderte mit Ausweis)",
        code="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    )
    note = dataclasses.replace(delivery_note((seat, long, long)), performance=LONG_PERFORMANCE)
    content = printed(note, language)
    pages = pdf_reading.texts(content)
    for number in range(len(pages)):
        inks = pdf_reading.ink_of(content, number)
        assert pdf_reading.overlapping(inks) == []
        assert pdf_reading.outside(inks, 210, 297, LEFT / 2) == []
    told = squeezed(" ".join(pages))
    assert squeezed(long.ticket_type) in told or "Schwerbehinderte" in told
    assert LONG_PERFORMANCE.title.split()[-1] in told
    assert "…" not in told


def test_the_same_note_is_the_same_bytes() -> None:
    assert printed(delivery_note(delivered(40))) == printed(delivery_note(delivered(40)))


def test_r1_13_the_csv_has_every_seat_and_code() -> None:
    content = delivery_note_csv(house_style(), delivery_note(delivered(3)))
    assert content.count(b"\r\n") == 4
    assert b"\n" not in content.replace(b"\r\n", b"")
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [row["code"] for row in rows] == ["CODE00000", "CODE00001", "CODE00002"]
    assert {key: rows[1][key] for key in ("starts_at", "row", "seat", "price", "currency", "title")} == {
        "starts_at": "2026-12-24T20:00",
        "row": "1",
        "seat": "2",
        "price": "32.50",
        "currency": "EUR",
        "title": "De Kersentuin",
    }


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_would_be_a_formula_is_made_text(start: str) -> None:
    seat = dataclasses.replace(delivered(1)[0], category=f'{start}HYPERLINK("http://x")', place=Place("A", start, "1"))
    content = delivery_note_csv(house_style(), delivery_note((seat,))).decode()
    (row,) = csv.DictReader(io.StringIO(content, newline=""))
    assert row["category"] == f"'{seat.category}"
    assert row["row"] == f"'{start}"


def test_cells_with_commas_quotes_and_lines_are_read_back_as_they_were() -> None:
    strange = 'Loge "Königin", links\r\nhinten'
    seat = dataclasses.replace(delivered(1)[0], place=Place(strange, "1", "1"), price_minor=None)
    content = delivery_note_csv(house_style(), delivery_note((seat,))).decode()
    (row,) = csv.DictReader(io.StringIO(content, newline=""))
    assert row["zone"] == strange
    assert row["price"] == ""


def test_a_price_over_a_thousand_is_one_number() -> None:
    seat = dataclasses.replace(delivered(1)[0], price_minor=1_234_567)
    content = delivery_note_csv(house_style(), delivery_note((seat,))).decode()
    assert ",12345.67,EUR," in content


@pytest.mark.parametrize(
    ("seats", "told"),
    [
        (["1", "2", "3", "5"], "1\u20133, 5"),
        (["5", "4", "3", "1"], "1, 3\u20135"),
        (["1", "3", "5"], "1, 3, 5"),
        (["7", "8"], "7, 8"),
        (["12a", "12", "013"], "12, 12a, 013"),
        (["", "", ""], ""),
        (["٣"], "٣"),
    ],
)
def test_seats_of_a_row_are_told_as_ranges(seats: list[str], told: str) -> None:
    (row,) = rows_of([Place("Z", "1", seat) for seat in seats])
    assert (row.seats, row.count) == (told, len(seats))
