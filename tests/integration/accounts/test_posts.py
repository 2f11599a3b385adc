"""Letters by SMTP to a real server: sent once the transaction is, again after faults, never for good refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from balcon.accounts.v1 import accounts_service_pb2 as pb
from pydantic import SecretStr

from services.runtime.embedded.ports import free_port
from services.runtime.mail.faults import LetterRefused, PostUnavailable
from services.runtime.mail.letter import LetterText
from services.runtime.mail.posts import FolderPost, post_of
from services.runtime.mail.smtp import SmtpPost
from services.runtime.testing.eventually import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.accounts.stage import running_accounts, settings_of

SENDER = "Balcon <no-reply@balcon.example>"
TEXT = LetterText("Grüße", "Tromsø\n.\nA line of one dot does not end it.\n")


class Mailbox:
    """What a server took; `answers` are given to recipients first, one each."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.answers: list[str] = []

    async def handle_RCPT(  # noqa: N802 (the library's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return "250 OK"


def content_of(envelope: Envelope) -> bytes:
    content = envelope.content
    assert isinstance(content, bytes)
    return content


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp_url(mailbox: Mailbox) -> Iterator[str]:
    server = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    server.start()
    yield f"smtp://127.0.0.1:{server.port}"
    server.stop()


async def test_a_letter_arrives_as_it_was_written(smtp_url: str, mailbox: Mailbox) -> None:
    await SmtpPost(smtp_url, SENDER).send("ltr_1", "ada@theatre.example", TEXT, "nb")
    [envelope] = mailbox.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@balcon.example", ["ada@theatre.example"])
    content = content_of(envelope)
    assert b"Message-ID: <ltr_1@balcon.example>" in content
    assert b"A line of one dot" in content or b"QSBsaW5l" in content


@pytest.mark.parametrize(("answer", "fault"), [("450 later", PostUnavailable), ("550 no such user", LetterRefused)])
async def test_a_server_that_says_later_is_asked_again_and_one_that_says_no_is_not(
    smtp_url: str, mailbox: Mailbox, answer: str, fault: type[Exception]
) -> None:
    mailbox.answers = [answer]
    with pytest.raises(fault) as raised:
        await SmtpPost(smtp_url, SENDER).send("ltr_1", "ada@theatre.example", TEXT, "en")
    assert "ada@" not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_a_server_that_is_away_is_asked_again() -> None:
    with pytest.raises(PostUnavailable):
        await SmtpPost(f"smtp://127.0.0.1:{free_port()}", SENDER).send("ltr_1", "ada@theatre.example", TEXT, "en")


async def test_a_folder_takes_letters_that_only_its_owner_reads(tmp_path: Any) -> None:
    post = FolderPost(tmp_path / "mail", SENDER)
    for _ in range(2):
        await post.send("ltr_1", "ada@theatre.example", TEXT, "en")
    [path] = (tmp_path / "mail").iterdir()
    assert (path.name, path.stat().st_mode & 0o077) == ("ltr_1.eml", 0)


async def test_a_reset_reaches_its_reader_through_a_server_that_was_busy(
    database_url: DatabaseUrl, smtp_url: str, mailbox: Mailbox
) -> None:
    mailbox.answers = ["450 later"]
    async with running_accounts(database_url("accounts"), smtp_url=SecretStr(smtp_url)) as accounts:
        await accounts.sign_up("genova")
        await accounts.stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email="owner@genova.example"))
        await eventually(lambda: len(mailbox.taken) == 2)
        await accounts.no_letters_wait()
    assert [envelope.rcpt_tos for envelope in mailbox.taken] == [["owner@genova.example"]] * 2
    assert len({content_of(envelope).split(b"Message-ID: ")[1][:40] for envelope in mailbox.taken}) == 2


async def test_what_is_rolled_back_sends_nothing(database_url: DatabaseUrl) -> None:
    async with running_accounts(database_url("accounts")) as accounts:
        await accounts.sign_up("genova")
        with pytest.raises(Exception, match="belongs to another house"):
            await accounts.stub.SignUp(
                pb.SignUpRequest(
                    idempotency_key="k",
                    label="genova",
                    house_name="x",
                    time_zone="Europe/Rome",
                    currency="EUR",
                    languages=["en"],
                    person_name="Bo",
                    email="bo@theatre.example",
                    password="a long password",
                )
            )
        await accounts.no_letters_wait()
        assert len(list(accounts.mail.glob("*.eml"))) <= 1
        assert await accounts.rows("SELECT count(*) FROM letters") == [(0,)]


def test_accounts_does_not_start_where_mail_could_go_nowhere() -> None:
    settings = settings_of("postgresql+asyncpg://", "memory://", mail_folder="")
    with pytest.raises(ValueError, match="SMTP_URL"):
        post_of(settings)
