"""Tickets read back from paper: every fact, the code under a scanner, nothing over anything else, the same bytes."""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Iterable, Iterator

import pypdf
import pytest
import zxingcpp

from services.contracts.languages import LANGUAGES
from services.paper.qr_code import QrTextTooLong
from services.ticketing.paper.documents import Place, Ticket, TicketOrigin
from services.ticketing.paper.shipped_stocks import SHIPPED, shipped_stock
from services.ticketing.paper.stock import Stock
from services.ticketing.paper.tickets import write_tickets
from tests.unit.paper import pdf_reading
from tests.unit.paper.pdf_reading import POINTS_PER_MM, squeezed
from tests.unit.paper.style_samples import house_style
from tests.unit.ticketing.paper.paper_samples import PERFORMANCE, long_ticket, ticket


def stock_of(name: str) -> Stock:
    stock = shipped_stock(name)
    assert stock is not None
    return stock


def printed(tickets: Iterable[Ticket], stock: str = "a4", language: str = "nl") -> bytes:
    sink = io.BytesIO()
    write_tickets(sink, house_style(language), tickets, stock_of(stock))
    return sink.getvalue()


def width_mm(code: zxingcpp.Barcode) -> float:
    """Of a code in a picture of the usual scale."""
    return (code.position.top_right.x - code.position.top_left.x) / 4.0 / POINTS_PER_MM


@pytest.mark.parametrize("stock", SHIPPED)
def test_a_ticket_tells_everything_on_every_stock(stock: str) -> None:
    (text,) = pdf_reading.texts(printed([ticket(7)], stock))
    for fact in ("De Kersentuin", "24", "20:00", "Grote Zaal", "Deuren open 19:00", "Parterre midden", "Rij", "12",
                 "Stoel", "8", "Volwassene", "€ 32,50 incl. btw", "Bestelling 2026-004711", "BLCN-7F3K-9QXP-0007",
                 "Toneelgroep Noord speelt Tsjechov"):  # fmt: skip
        assert squeezed(fact) in squeezed(text), fact
    assert squeezed("Dit ticket geeft eenmaal toegang.") in squeezed(text)


@pytest.mark.parametrize("stock", SHIPPED)
def test_the_code_is_read_from_paper_and_is_at_least_22_mm_wide(stock: str) -> None:
    page = pdf_reading.pictures(printed([ticket(3)], stock), scale=4.0)[0]
    (code,) = pdf_reading.qr_codes(page)
    assert code.text == ticket(3).qr_text
    assert width_mm(code) >= 21.9


@pytest.mark.parametrize("text", ["X", "0000000000", "FOREIGN-0001", "https://example.org/t/1"])
def test_short_codes_of_other_systems_are_read_from_paper(text: str) -> None:
    page = pdf_reading.pictures(printed([dataclasses.replace(ticket(), qr_text=text)], "140x51"))[0]
    (code,) = pdf_reading.qr_codes(page)
    assert code.text == text
    assert width_mm(code) >= 21.9


def test_a_text_that_no_49_modules_hold_is_refused() -> None:
    with pytest.raises(QrTextTooLong):
        printed([dataclasses.replace(ticket(), qr_text="a" * 153)])
    assert printed([dataclasses.replace(ticket(), qr_text="a" * 152)])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stock", SHIPPED)
def test_the_longest_texts_stay_whole_apart_and_inside(stock: str, language: str) -> None:
    content = printed([long_ticket(1)], stock, language)
    (text,) = pdf_reading.texts(content)
    long = long_ticket(1)
    for fact in (long.performance.title, long.performance.hall, long.place.zone, long.place.seat, long.ticket_type):
        assert squeezed(fact) in squeezed(text), fact
    assert "…" not in text
    inks = pdf_reading.ink_of(content)
    assert len(inks) > 300
    assert pdf_reading.overlapping(inks) == []
    where = stock_of(stock)
    assert pdf_reading.outside(inks, *where.page(), where.margin_mm) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stock", SHIPPED)
def test_a_place_without_a_seat_says_that_people_stand(stock: str, language: str) -> None:
    content = printed([ticket(place=Place("Veld"))], stock, language)
    (text,) = pdf_reading.texts(content)
    standing = {"en": "Standing", "nl": "Staanplaats", "de": "Stehplatz", "nb": "Ståplass"}[language]
    assert standing in text
    assert "Veld" in text
    assert pdf_reading.overlapping(pdf_reading.ink_of(content)) == []


@pytest.mark.parametrize(
    ("language", "told"), [("en", "Full price"), ("nl", "Normaal tarief"), ("de", "Normalpreis"), ("nb", "Ordinær")]
)
def test_the_type_that_every_price_list_has_is_told_in_the_papers_language(language: str, told: str) -> None:
    (text,) = pdf_reading.texts(printed([ticket(ticket_type="normal")], "152x54", language))
    assert told in text
    assert "normal" not in text


def test_a_price_that_the_office_sets_is_said_to_be_reported() -> None:
    (text,) = pdf_reading.texts(printed([ticket(price_minor=None, origin=TicketOrigin.ALLOTMENT)]))
    assert squeezed("Prijs opgegeven door verkoopkantoor") in squeezed(text)
    assert "Contingent 2026-004711" in text
    assert "€" not in text


def test_times_are_those_of_the_clock_in_the_house() -> None:
    sink = io.BytesIO()
    style = dataclasses.replace(house_style("en"), time_zone="America/New_York")
    write_tickets(sink, style, [ticket()], stock_of("a4"))
    (text,) = pdf_reading.texts(sink.getvalue())
    assert "Thursday, 24 December 2026" in text
    assert "14:00" in text
    assert "Doors 13:00" in text


def test_what_a_house_writes_is_printed_and_never_read_as_markup() -> None:
    title = '<b>Tom & Jerry</b> <img src="file:///etc/passwd"/> &amp; <para>'
    content = printed([ticket(performance=dataclasses.replace(PERFORMANCE, title=title))])
    (text,) = pdf_reading.texts(content)
    assert squeezed(title) in squeezed(text)


def test_several_tickets_share_a_sheet_and_the_last_one_need_not_be_full() -> None:
    content = printed((ticket(number) for number in range(7)), "a4-3")
    pages = pdf_reading.texts(content)
    assert [page.count("BLCN") for page in pages] == [3, 3, 1]
    codes = [{code.text for code in pdf_reading.qr_codes(page)} for page in pdf_reading.pictures(content)]
    assert codes == [{ticket(number).qr_text for number in numbers} for numbers in ((0, 1, 2), (3, 4, 5), (6,))]


def test_no_tickets_make_one_empty_page() -> None:
    assert pdf_reading.texts(printed([])) == [""]


def test_performances_of_one_file_are_not_mixed_up() -> None:
    other = dataclasses.replace(PERFORMANCE, title="Hedda Gabler")
    pages = pdf_reading.texts(
        printed([ticket(0), ticket(1, performance=other), ticket(2, conditions="Nur mit Ausweis.")])
    )
    assert ["Kersentuin" in page for page in pages] == [True, False, True]
    assert ["Gabler" in page for page in pages] == [False, True, False]
    assert ["Ausweis" in page for page in pages] == [False, False, True]


def test_the_same_tickets_are_the_same_bytes() -> None:
    first = printed([ticket(0), long_ticket(1)])
    printed([ticket(5)], "152x54", "nb")
    assert printed([ticket(0), long_ticket(1)]) == first
    assert printed([ticket(0), long_ticket(2)]) != first


def test_a_page_is_in_the_file_before_the_next_ticket_is_asked_for() -> None:
    sink = io.BytesIO()
    sizes = []

    def asked() -> Iterator[Ticket]:
        for number in range(6):
            sizes.append(len(sink.getvalue()))
            yield ticket(number)

    assert write_tickets(sink, house_style(), asked(), stock_of("a4")) == 6
    grown = [after - before for before, after in itertools.pairwise(sizes)]
    assert min(grown) > 500


def test_the_file_says_its_title_and_language_and_nothing_about_anybody() -> None:
    reader = pypdf.PdfReader(io.BytesIO(printed([ticket()])))
    told = {key: str(value) for key, value in (reader.metadata or {}).items() if value}
    assert told == {
        "/Title": "Tickets: Schouwburg De Kring",
        "/Creator": "Balcon",
        "/Producer": "Balcon",
        "/CreationDate": "D:20000101000000+00'00'",
        "/ModDate": "D:20000101000000+00'00'",
        "/Trapped": "/False",
    }
    assert str(reader.root_object["/Lang"]) == "nl-NL"


def test_only_the_bundled_font_is_used_and_it_is_inside() -> None:
    fonts = pdf_reading.fonts(printed([ticket()]))
    assert fonts
    assert all("NotoSans" in name and is_inside for name, is_inside in fonts)
