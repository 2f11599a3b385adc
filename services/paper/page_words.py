"""The few words that every paper has, whatever it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class PageWords:
    """{} is where a number goes: the page, then how many there are."""

    page: str
    place_and_date: str
    signature: str


PAGE_WORDS: Final[Mapping[str, PageWords]] = {
    "en": PageWords("Page {} of {}", "Place, date", "Signature"),
    "nl": PageWords("Pagina {} van {}", "Plaats, datum", "Handtekening"),
    "de": PageWords("Seite {} von {}", "Ort, Datum", "Unterschrift"),
    "nb": PageWords("Side {} av {}", "Sted, dato", "Underskrift"),
}
