"""Letters to customers: in every language, and with nothing in them that a stranger has typed."""

from __future__ import annotations

import pytest

from services.contracts.email_addresses import EmailAddress, email_address
from services.contracts.languages import LANGUAGES
from services.contracts.phones import phone_number
from services.customers.domain.letters import TEXTS, Letter, LetterKind, written
from services.runtime.errors import FieldInvalid

FACTS = {"house": "The\nhouse", "link": "https://house.example/x", "until": "2026-01-01", "consents": "- News"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [LetterKind.LINK, LetterKind.CONFIRMATION])
def test_each_letter_is_there_in_each_language_with_its_link(kind: LetterKind, language: str) -> None:
    text = written(Letter("hse_1", "cus_1", kind, "ada@example.org", language, FACTS))
    assert FACTS["link"] in text.body
    assert "\n" not in text.subject


def test_no_letter_says_a_name() -> None:
    texts = [text for of_kind in TEXTS.values() for text in of_kind.values()]
    assert not [text for text in texts if "{name}" in text.body + text.subject]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("+31 20 123 45 67", "+31201234567"), ("", ""), ("  ", ""), ("+49 (30) 123456", "+4930123456")],
)
def test_a_number_is_kept_in_one_form(value: str, expected: str) -> None:
    assert phone_number(value) == expected


@pytest.mark.parametrize("value", ["020 1234567", "+31", "call me", "+31 20 1234567 " * 5])
def test_what_is_no_number_is_refused(value: str) -> None:
    assert isinstance(phone_number(value), FieldInvalid)


def test_two_spellings_of_an_address_have_one_key() -> None:
    found = [email_address(value) for value in ("Ada@Example.org", "ada@EXAMPLE.org")]
    assert len({one.key for one in found if isinstance(one, EmailAddress)}) == 1
