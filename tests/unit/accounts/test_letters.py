"""What is written to people: every letter in every language, on one subject line, as plain text."""

from __future__ import annotations

import pytest

from services.accounts.domain.letters import TEXTS, Letter, LetterKind, written
from services.contracts.languages import LANGUAGES
from services.runtime.mail.letter import LetterText
from services.runtime.mail.message import message_of

FACTS = {"house": "Genova Circus", "name": "Ada", "link": "https://x.example/reset/bl_1", "until": "2030-01-01T00:00Z"}
SENT = [kind for kind in LetterKind if kind is not LetterKind.RESET_ASKED]


@pytest.mark.parametrize("kind", SENT)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_is_there_in_every_language_with_its_link(kind: LetterKind, language: str) -> None:
    text = written(Letter(kind, "ada@theatre.example", language, FACTS))
    assert text.subject and "{" not in text.subject + text.body
    assert FACTS["link"] in text.body.splitlines()
    assert FACTS["until"] in text.body


def test_no_letter_of_a_language_is_that_of_another() -> None:
    for texts in TEXTS.values():
        assert len({text.body for text in texts.values()}) == len(LANGUAGES)


def test_a_name_with_line_ends_stays_on_the_subjects_line_and_makes_no_header() -> None:
    house = FACTS | {"house": "Genova\r\nBcc: everybody@theatre.example"}
    text = written(Letter(LetterKind.INVITATION, "ada@theatre.example", "en", house))
    assert text.subject == "Genova Bcc: everybody@theatre.example invites you"
    message = message_of("ltr_1", "Balcon <no-reply@balcon.example>", "ada@theatre.example", text, "en")
    assert "Bcc" not in message
    assert (message["Message-ID"], message["Content-Language"]) == ("<ltr_1@balcon.example>", "en")


def test_a_name_in_braces_is_a_name() -> None:
    text = written(Letter(LetterKind.INVITATION, "a@b.example", "en", FACTS | {"house": "{link}"}))
    assert text.subject == "{link} invites you"


def test_letters_that_need_more_than_ascii_keep_it() -> None:
    message = message_of("l", "B <b@b.example>", "a@b.example", LetterText("Grüße aus Köln", "Tromsø\n"), "de")
    assert message["Subject"] == "Grüße aus Köln"
    assert message.get_content() == "Tromsø\n"
