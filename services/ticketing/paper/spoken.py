"""Finds words by the language that a paper is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.ticketing.paper import words_de, words_en, words_nb, words_nl
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


def ticket_type_text(ticket_type: str, language: str) -> str:
    """As people read it: the type that every price list has is spoken, those of the house are called as they are."""
    return TICKET_WORDS[language].normal if ticket_type == NORMAL_TICKET_TYPE else ticket_type
