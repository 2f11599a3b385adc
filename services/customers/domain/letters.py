"""What is written to customers, in their language. Plain text, and nothing in it that a stranger could have typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from services.runtime.mail.letter import LetterText


class LetterKind(Enum):
    """Why somebody is written to."""

    # Somebody has asked for a link to an address; whether a customer has it is found out when the letter is worked on.
    LINK_ASKED = "link_asked"
    LINK = "link"
    CONFIRMATION = "confirmation"


@dataclass(frozen=True, slots=True)
class Letter:
    """`facts` fill in the text; a link among them is a secret. No `customer_id`: it may be nobody's address."""

    house_id: str
    customer_id: str
    kind: LetterKind
    to: str
    language: str
    facts: Mapping[str, str] = field(default_factory=dict)


_Kind = LetterKind
TEXTS: Final[Mapping[LetterKind, Mapping[str, LetterText]]] = {
    _Kind.LINK: {
        "en": LetterText(
            "Your data at {house}",
            "Hello,\n\nsee and change what {house} knows of you here, until {until}:\n{link}\n\n"
            "The link works once. If you did not ask for it, do nothing.\n",
        ),
        "nl": LetterText(
            "Uw gegevens bij {house}",
            "Hallo,\n\nbekijk en wijzig hier wat {house} van u weet, tot {until}:\n{link}\n\n"
            "De link werkt één keer. Hebt u er niet om gevraagd? Doe dan niets.\n",
        ),
        "de": LetterText(
            "Ihre Daten bei {house}",
            "Guten Tag,\n\nhier sehen und ändern Sie, was {house} von Ihnen weiß, bis {until}:\n{link}\n\n"
            "Der Link gilt einmal. Wenn Sie nicht darum gebeten haben, tun Sie nichts.\n",
        ),
        "nb": LetterText(
            "Opplysningene dine hos {house}",
            "Hei,\n\nse og endre det {house} vet om deg her, innen {until}:\n{link}\n\n"
            "Lenken virker én gang. Har du ikke bedt om den, trenger du ikke gjøre noe.\n",
        ),
    },
    _Kind.CONFIRMATION: {
        "en": LetterText(
            "{house}: please confirm",
            "Hello,\n\nat {house} somebody has agreed with your address to:\n{consents}\n\n"
            "If it was you, confirm here, until {until}:\n{link}\n\n"
            "If it was not, do nothing: nothing is sent to you by it.\n",
        ),
        "nl": LetterText(
            "{house}: bevestig alstublieft",
            "Hallo,\n\nbij {house} heeft iemand met uw adres ingestemd met:\n{consents}\n\n"
            "Was u dat? Bevestig het dan hier, tot {until}:\n{link}\n\n"
            "Was u het niet? Doe dan niets: u krijgt hierdoor niets toegestuurd.\n",
        ),
        "de": LetterText(
            "{house}: bitte bestätigen",
            "Guten Tag,\n\nbei {house} hat jemand mit Ihrer Adresse eingewilligt:\n{consents}\n\n"
            "Waren Sie das, dann bestätigen Sie es hier, bis {until}:\n{link}\n\n"
            "Waren Sie es nicht, tun Sie nichts: Sie bekommen daraufhin nichts zugesandt.\n",
        ),
        "nb": LetterText(
            "{house}: vennligst bekreft",
            "Hei,\n\nhos {house} har noen samtykket med adressen din:\n{consents}\n\n"
            "Var det deg, så bekreft her, innen {until}:\n{link}\n\n"
            "Var det ikke deg, trenger du ikke gjøre noe: du får ikke tilsendt noe på grunn av dette.\n",
        ),
    },
}


def written(letter: Letter) -> LetterText:
    """The letter's text. A subject is one line, whatever a house is called."""
    text = TEXTS[letter.kind][letter.language]
    return LetterText(" ".join(text.subject.format(**letter.facts).split()), text.body.format(**letter.facts))
