"""Connections to the mail server that are kept: used again, and never the reason that a letter leaves twice or not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from services.runtime.mail.faults import AddressRefused, LetterUncertain, PostUnavailable
from services.runtime.mail.letter import Attachment, InlineImage, LetterText
from services.runtime.mail.smtp import SmtpPost
from tests.doubles.mail_server import MailServer, serving_mail

TEXT = LetterText(
    "Hi", "plain", html="<p>rich <img src='cid:logo'></p>", images=(InlineImage("logo", "image/png", b"png"),),
    sender_name="Schouwburg,\r\nBcc: x@y.example",
)  # fmt: skip
FILE = Attachment("a.ics", "text/calendar; method=PUBLISH; charset=utf-8", b"BEGIN:VCALENDAR")


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with serving_mail() as server:
        yield server


@pytest.fixture
async def post(mail: MailServer) -> AsyncIterator[SmtpPost]:
    made = SmtpPost(mail.url, "Balcon <no-reply@balcon.example>", kept=2)
    yield made
    await made.close()


async def send(post: SmtpPost, letter_id: str, to: str = "ada@reader.example") -> None:
    await post.send(letter_id, to, TEXT, "en", (FILE,))


async def test_letters_go_over_one_connection_and_are_whole(post: SmtpPost, mail: MailServer) -> None:
    for number in range(3):
        await send(post, f"ltr_{number}")
    assert mail.connections == 1
    letter = mail.letters[0]
    assert [part.get_content_type() for part in letter.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "text/calendar",
    ]  # fmt: skip
    assert letter["From"].addresses[0].addr_spec == "no-reply@balcon.example"
    assert "Bcc" not in letter
    assert letter.get_body(("html",)) is not None


async def test_a_connection_that_the_server_has_closed_costs_no_letter(post: SmtpPost, mail: MailServer) -> None:
    await send(post, "ltr_1")
    mail.hang_up()
    await send(post, "ltr_2")
    assert mail.copies() == {"<ltr_1@balcon.example>": 1, "<ltr_2@balcon.example>": 1}


async def test_a_line_that_drops_after_the_letter_is_uncertain_and_not_tried_again_here(
    post: SmtpPost, mail: MailServer
) -> None:
    await send(post, "ltr_1")
    mail.drops = 1
    with pytest.raises(LetterUncertain):
        await send(post, "ltr_2")
    assert mail.copies()["<ltr_2@balcon.example>"] == 1


async def test_a_refused_address_is_told_apart_and_the_next_letter_leaves(post: SmtpPost, mail: MailServer) -> None:
    mail.refused.add("nobody@reader.example")
    with pytest.raises(AddressRefused):
        await send(post, "ltr_1", "nobody@reader.example")
    await send(post, "ltr_2")
    mail.is_away = True
    with pytest.raises(PostUnavailable):
        await send(post, "ltr_3")
    assert len(mail.letters) == 1
