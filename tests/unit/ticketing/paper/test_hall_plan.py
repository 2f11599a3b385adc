"""Hall plans: marked seats are dark with a white number, others white with a dark one; large halls have more pages."""

from __future__ import annotations

import dataclasses
import io

import pytest

from services.contracts.languages import LANGUAGES
from services.ticketing.paper.documents import DrawnSeat, HallPlan
from services.ticketing.paper.hall_plan import write_hall_plan
from services.ticketing.paper.plan_views import MAX_VIEWS, READABLE_MM, seat_pitch, views_of
from tests.unit.paper import pdf_reading
from tests.unit.paper.style_samples import house_style
from tests.unit.ticketing.paper.document_samples import hall, round_hall


def printed(plan: HallPlan, language: str = "nl") -> bytes:
    sink = io.BytesIO()
    write_hall_plan(sink, house_style(language), plan)
    return sink.getvalue()


def ground_of(content: bytes, character: str, page: int = 0) -> list[int]:
    """How dark it is around each place where that character stands, 0 black to 255 white."""
    picture = pdf_reading.pictures(content, scale=4.0)[page].convert("L")
    found = []
    for ink in pdf_reading.ink_of(content, page):
        if ink.character == character:
            x, y = (ink.left + ink.right) / 2, (ink.bottom + ink.top) / 2
            found.append(int(picture.getpixel((int(x * 4) + 8, picture.height - int(y * 4)))))  # type: ignore[arg-type]
    return found


def test_marked_seats_are_dark_and_the_others_light_in_black_and_white() -> None:
    seats = tuple(DrawnSeat(24.0 * place, 0.0, "AB"[place % 2], "P", "", place % 2 == 0) for place in range(10))
    content = printed(dataclasses.replace(hall(1, 1), seats=seats))
    dark, light = ground_of(content, "A"), ground_of(content, "B")
    assert len(dark) >= 5
    assert len(light) >= 5
    assert max(dark[-5:]) < 90
    assert min(light[-5:]) > 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plan_tells_hall_performance_allotment_and_legend(language: str) -> None:
    (text,) = pdf_reading.texts(printed(hall(12, 20, frozenset({3, 4})), language))
    for fact in ("Grote Zaal", "De Kersentuin", "K-2026-0031", "VVV Rotterdam", "(40)", "(200)"):
        assert fact in text, fact
    assert {"en": "STAGE", "nl": "PODIUM", "de": "BÜHNE", "nb": "SCENE"}[language] in text


def test_every_seat_of_a_small_hall_has_its_number_and_nothing_lies_over_it() -> None:
    content = printed(hall(12, 20, frozenset({3})))
    inks = pdf_reading.ink_of(content)
    assert pdf_reading.overlapping(inks) == []
    assert pdf_reading.outside(inks, 297, 210, 5) == []
    (text,) = pdf_reading.texts(content)
    assert text.split().count("17") == 12


def test_a_rows_name_never_stands_on_a_seat_of_the_zone_beside_it() -> None:
    seats = tuple(
        DrawnSeat(24.0 * (place + 10 * zone), 26.0 * row, str(place), f"Zone {zone}", str(row))
        for zone in range(2)
        for row in range(1, 5)
        for place in range(10)
    )
    content = printed(dataclasses.replace(hall(1, 1), seats=seats, focal_point=None))
    assert pdf_reading.overlapping(pdf_reading.ink_of(content)) == []


def test_a_large_hall_is_shown_whole_and_then_closer_where_seats_are_marked() -> None:
    plan = hall(60, 120, frozenset({40, 41}))
    pages = pdf_reading.texts(printed(plan))
    whole, *closer = views_of(plan.seats, plan.focal_point)
    assert len(pages) == 1 + len(closer)
    assert not whole.is_readable
    assert len(whole.seats) == 7_200
    assert all(view.radius_mm >= READABLE_MM for view in closer)
    shown = {(seat.x, seat.y) for view in closer for seat in view.seats if seat.is_marked}
    assert shown == {(seat.x, seat.y) for seat in plan.seats if seat.is_marked}
    assert all("Parterre" in page for page in pages[1:])


def test_pages_are_bounded_even_where_every_seat_is_marked() -> None:
    plan = hall(80, 140, frozenset(range(81)))
    assert 2 < len(views_of(plan.seats, None)) <= MAX_VIEWS


def test_a_stage_in_the_midst_of_seats_is_drawn_there() -> None:
    content = printed(round_hall(5))
    (text,) = pdf_reading.texts(content)
    assert "PODIUM" in text
    assert pdf_reading.overlapping(pdf_reading.ink_of(content)) == []


def test_a_hall_without_seats_and_one_with_all_in_one_spot_are_drawn() -> None:
    assert "Geen plaatsen." in pdf_reading.texts(printed(dataclasses.replace(hall(1, 1), seats=())))[0]
    spot = tuple(DrawnSeat(5.0, 5.0, str(number), is_marked=True) for number in range(300))
    assert seat_pitch(spot) == 1.0
    assert len(pdf_reading.texts(printed(dataclasses.replace(hall(1, 1), seats=spot, focal_point=None)))) == 1


def test_the_same_plan_is_the_same_bytes() -> None:
    assert printed(hall(12, 20, frozenset({3}))) == printed(hall(12, 20, frozenset({3})))


def test_the_places_of_a_standing_area_are_one_box_that_counts_them() -> None:
    small = hall(4, 10)
    foyer = tuple(DrawnSeat(100.0, 400.0, str(place), "Foyer", "", place < 10) for place in range(1_240))
    content = printed(dataclasses.replace(small, seats=(*small.seats, *foyer)))
    (text,) = pdf_reading.texts(content)
    assert "Foyer" in text
    assert "10 / 1.240" in text
    assert pdf_reading.overlapping(pdf_reading.ink_of(content)) == []
