"""Finds words by the language that a paper is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.ticketing.paper import words_de, words_en, words_nb, words_nl
from services.ticketing.paper.documents import Place
from services.ticketing.paper.words import DocumentWords, TicketWords

TICKET_WORDS: Final[Mapping[str, TicketWords]] = {
    "en": words_en.TICKET,
    "nl": words_nl.TICKET,
    "de": words_de.TICKET,
    "nb": words_nb.TICKET,
}
DOCUMENT_WORDS: Final[Mapping[str, DocumentWords]] = {
    "en": words_en.DOCUMENT,
    "nl": words_nl.DOCUMENT,
    "de": words_de.DOCUMENT,
    "nb": words_nb.DOCUMENT,
}
BETWEEN: Final = " · "


def place_text(place: Place, language: str) -> str:
    """Stalls · Row 3 · Seat 12."""
    words = TICKET_WORDS[language]
    parts = [place.zone] if place.zone else []
    parts += [f"{words.row} {place.row}"] if place.row else []
    parts += [f"{words.seat} {place.seat}"] if place.seat else []
    return BETWEEN.join(parts if place.row or place.seat else [*parts, words.standing])


def ticket_type_text(ticket_type: str, language: str) -> str:
    """As people read it: the type that every price list has is spoken, those of the house are called as they are."""
    return TICKET_WORDS[language].normal if ticket_type == NORMAL_TICKET_TYPE else ticket_type
