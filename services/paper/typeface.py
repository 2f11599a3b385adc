"""The one typeface of all papers: Noto Sans, regular and bold, with all of Latin, Greek and Cyrillic."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

# In em: room above the baseline, accents on capitals included, room below it, and from one line to the next.
ASCENT = 1.02
DESCENT = 0.28
LEADING = 1.24
# Stands for what the typeface cannot show.
REPLACEMENT = "\ufffd"

_FONTS = Path(__file__).parent / "fonts"
_NAMES = {False: "BalconSans", True: "BalconSans-Bold"}
_FILES = {False: "NotoSans-Regular.ttf", True: "NotoSans-Bold.ttf"}
# For pictures that are drawn with it.
BOLD_FILE = _FONTS / _FILES[True]
_loading = Lock()


def font_name(*, bold: bool) -> str:
    """What reportlab knows the font by; loaded at first use."""
    _load()
    return _NAMES[bold]


def text_width(text: str, size: float, *, bold: bool) -> float:
    """In points. The text must be `printable`."""
    widths = _widths(bold)
    return sum(widths[character] for character in text) * size


@lru_cache(maxsize=4_096)
def printable(text: str) -> str:
    """The text as it is drawn: composed, on one line, with REPLACEMENT for what the typeface does not have."""
    composed = unicodedata.normalize("NFC", text)
    has = _widths(False)
    return "".join(
        character if character in has else " " if character.isspace() else REPLACEMENT
        for character in composed
        if character in has or unicodedata.category(character) not in {"Cf", "Cc"} or character.isspace()
    )


def not_printable(text: str) -> str:
    """Which characters of the text the typeface does not have, each once, in order: for whoever takes texts in."""
    has = _widths(False)
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        dict.fromkeys(character for character in composed if character not in has and character.isprintable())
    )


@cache
def _widths(bold: bool) -> dict[str, float]:
    """Of each character that both fonts have, in em."""
    _load()
    faces = {weight: pdfmetrics.getFont(name).face for weight, name in _NAMES.items()}
    both = faces[False].charToGlyph.keys() & faces[True].charToGlyph.keys()
    return {chr(code): faces[bold].charWidths[code] / 1000 for code in sorted(both) if code >= 0x20}


@cache
def _load() -> None:
    # reportlab keeps fonts for the whole process; what it keeps of one document it keeps with the document.
    with _loading:
        for bold, name in _NAMES.items():
            if name not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(TTFont(name, _FONTS / _FILES[bold], shapable=False))
