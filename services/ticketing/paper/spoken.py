"""Finds a house's words by its language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
