"""The bundled font has all of three scripts, and what it does not have is shown to be missing."""

from __future__ import annotations

import io
import unicodedata

import pypdfium2
import pytest

from services.paper.surface import Box, Surface, Type
from services.paper.typeface import REPLACEMENT, not_printable, printable
from tests.unit.paper.style_samples import house_style

_BLOCKS = {
    "Latin": ((0x20, 0x7F), (0xA0, 0x250), (0x1E00, 0x1F00)),
    "Greek": ((0x370, 0x400), (0x1F00, 0x2000)),
    "Cyrillic": ((0x400, 0x530),),
    "signs": ((0x2013, 0x2015), (0x2018, 0x201F), (0x2026, 0x2027), (0x20A0, 0x20C0), (0x2116, 0x2117)),
}


def letters(script: str) -> str:
    """Of the script's blocks all that has a shape of its own."""
    blocks = (chr(code) for low, high in _BLOCKS[script] for code in range(low, high))
    shapes = (character for character in blocks if unicodedata.category(character)[0] in "LNPS")
    # Coptic has a few places among the Greek letters.
    seen = (character for character in shapes if not unicodedata.name(character).startswith("COPTIC"))
    return "".join(dict.fromkeys(unicodedata.normalize("NFC", character) for character in seen))


@pytest.mark.parametrize("script", _BLOCKS)
def test_every_letter_is_in_the_font(script: str) -> None:
    assert len(letters(script)) > 20
    assert not_printable(letters(script)) == ""
    assert printable(letters(script)) == letters(script)


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("script", _BLOCKS)
def test_every_letter_is_drawn_and_read_back(script: str, *, bold: bool) -> None:
    sink, wanted = io.BytesIO(), letters(script)
    surface = Surface(sink, house_style(with_logo=False), 210, 297, "letters")
    for row in range(0, len(wanted), 40):
        text = " ".join(wanted[row : row + 40])
        surface.text(Box(10, 10 + row // 40 * 8, 190, 8), text, Type(9, bold=bold))
    surface.next_page()
    surface.finish()
    with pypdfium2.PdfDocument(sink.getvalue()) as document:
        page = document[0].get_textpage()
        read = page.get_text_range()
        assert [letter for letter in wanted if letter not in read] == []
        boxes = [
            page.get_charbox(index) for index in range(page.count_chars()) if page.get_text_range(index, 1).strip()
        ]
    assert all(right > left and top > bottom for left, bottom, right, top in boxes)


def test_vietnamese_romanian_and_polish_names_are_whole() -> None:
    names = "Nguyễn Thị Hằng, Ștefan Țiriac, Łódź, Győr, Bjørnstjerne Bjørnson, Ελευθερία Αρβανιτάκη, Чайковский"
    assert printable(unicodedata.normalize("NFD", names)) == names


def test_what_the_font_lacks_is_named_and_shown() -> None:
    assert not_printable("東京 Tōkyō 東") == "東京"
    assert printable("東京 Tōkyō") == f"{REPLACEMENT * 2} Tōkyō"


def test_invisible_characters_leave_no_mark() -> None:
    assert printable("Ro\u200bmeo\u00ad und\tJulia\u200f") == printable("Ro\u200bmeo\u00ad und Julia\u200f")
    assert REPLACEMENT not in printable("a\u2066b\u2069\x07c")
