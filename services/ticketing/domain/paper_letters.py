"""What an office is written with its papers, in its language. Plain text; a name in it is never markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from services.runtime.mail.letter import LetterText

_TEXTS: Final[Mapping[str, LetterText]] = {
    "en": LetterText(
        "Tickets of contingent {allotment}",
        "Dear {office},\n\nAttached are the papers of contingent {allotment}:\n\n{files}\n\n"
        "Each code lets one person in once: please print every ticket once only.\n",
    ),
    "nl": LetterText(
        "Kaarten van contingent {allotment}",
        "Beste {office},\n\nBijgaand de papieren van contingent {allotment}:\n\n{files}\n\n"
        "Elke code geeft één persoon één keer toegang: druk elke kaart maar één keer af.\n",
    ),
    "de": LetterText(
        "Karten des Kontingents {allotment}",
        "Guten Tag, {office},\n\nanbei die Unterlagen des Kontingents {allotment}:\n\n{files}\n\n"
        "Jeder Code lässt eine Person einmal ein: Bitte drucken Sie jede Karte nur einmal.\n",
    ),
    "nb": LetterText(
        "Billetter til kontingent {allotment}",
        "Hei, {office},\n\nVedlagt er papirene til kontingent {allotment}:\n\n{files}\n\n"
        "Hver kode slipper inn én person én gang: Skriv ut hver billett bare én gang.\n",
    ),
}


def paper_letter(language: str, office: str, allotment_id: str, files: Sequence[str]) -> LetterText:
    """The mail that goes with these files. A language that papers do not speak is written to in English."""
    text = _TEXTS.get(language, _TEXTS["en"])
    facts = {"office": office, "allotment": allotment_id, "files": "\n".join(f"- {name}" for name in files)}
    return LetterText(text.subject.format_map(facts), text.body.format_map(facts))
