"""What accounts writes to people, in their language. Plain text; a name in it is never markup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from services.runtime.mail.letter import LetterText


class LetterKind(Enum):
    """Why somebody is written to."""

    INVITATION = "invitation"
    # Somebody has asked for a reset of an address; whether anybody has it is found out when the letter is worked on.
    RESET_ASKED = "reset_asked"
    RESET = "reset"
    CONFIRMATION = "confirmation"


@dataclass(frozen=True, slots=True)
class Letter:
    """`facts` fill in the text; a link among them is a secret."""

    kind: LetterKind
    to: str
    language: str
    facts: Mapping[str, str] = field(default_factory=dict)


_Kind = LetterKind
TEXTS: Final[Mapping[LetterKind, Mapping[str, LetterText]]] = {
    _Kind.INVITATION: {
        "en": LetterText(
            "{house} invites you",
            "{house} would like you to work with them.\n\nAccept here, until {until}:\n{link}\n\n"
            "The link works once, and for this address only.\n",
        ),
        "nl": LetterText(
            "{house} nodigt u uit",
            "{house} wil graag met u samenwerken.\n\nNeem de uitnodiging hier aan, tot {until}:\n{link}\n\n"
            "De link werkt één keer, en alleen voor dit adres.\n",
        ),
        "de": LetterText(
            "{house} lädt Sie ein",
            "{house} möchte mit Ihnen arbeiten.\n\nNehmen Sie die Einladung hier an, bis {until}:\n{link}\n\n"
            "Der Link gilt einmal und nur für diese Adresse.\n",
        ),
        "nb": LetterText(
            "{house} inviterer deg",
            "{house} vil gjerne ha deg med.\n\nTa imot invitasjonen her, innen {until}:\n{link}\n\n"
            "Lenken virker én gang, og bare for denne adressen.\n",
        ),
    },
    _Kind.RESET: {
        "en": LetterText(
            "A new password",
            "Hello {name},\n\nchoose a new password here, until {until}:\n{link}\n\n"
            "If you did not ask for this, do nothing: your password stays as it is.\n",
        ),
        "nl": LetterText(
            "Een nieuw wachtwoord",
            "Hallo {name},\n\nkies hier een nieuw wachtwoord, tot {until}:\n{link}\n\n"
            "Hebt u hier niet om gevraagd? Doe dan niets: uw wachtwoord blijft zoals het is.\n",
        ),
        "de": LetterText(
            "Ein neues Passwort",
            "Guten Tag {name},\n\nwählen Sie hier ein neues Passwort, bis {until}:\n{link}\n\n"
            "Wenn Sie nicht darum gebeten haben, tun Sie nichts: Ihr Passwort bleibt, wie es ist.\n",
        ),
        "nb": LetterText(
            "Et nytt passord",
            "Hei {name},\n\nvelg et nytt passord her, innen {until}:\n{link}\n\n"
            "Har du ikke bedt om dette, trenger du ikke gjøre noe: passordet ditt er som før.\n",
        ),
    },
    _Kind.CONFIRMATION: {
        "en": LetterText(
            "Is this your address?",
            "Hello {name},\n\nconfirm this address here, until {until}:\n{link}\n\n"
            "If you do not know what this is about, do nothing.\n",
        ),
        "nl": LetterText(
            "Is dit uw adres?",
            "Hallo {name},\n\nbevestig dit adres hier, tot {until}:\n{link}\n\n"
            "Weet u niet waar dit over gaat? Doe dan niets.\n",
        ),
        "de": LetterText(
            "Ist das Ihre Adresse?",
            "Guten Tag {name},\n\nbestätigen Sie diese Adresse hier, bis {until}:\n{link}\n\n"
            "Wenn Sie nicht wissen, worum es geht, tun Sie nichts.\n",
        ),
        "nb": LetterText(
            "Er dette adressen din?",
            "Hei {name},\n\nbekreft denne adressen her, innen {until}:\n{link}\n\n"
            "Vet du ikke hva dette gjelder, trenger du ikke gjøre noe.\n",
        ),
    },
}


def written(letter: Letter) -> LetterText:
    """The letter's text. A subject is one line, whatever a house is called."""
    text = TEXTS[letter.kind][letter.language]
    return LetterText(" ".join(text.subject.format(**letter.facts).split()), text.body.format(**letter.facts))
