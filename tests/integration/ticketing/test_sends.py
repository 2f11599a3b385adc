"""The digital kind (R1.8): the office gets the tickets and the delivery note by mail, once, from a real mail server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from balcon.ticketing.v1 import ticketing_service_pb2 as pb
from pydantic import SecretStr

from services.runtime.embedded.ports import free_port
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.ticketing.neighbours import Neighbours
from tests.integration.ticketing.stage import HOUSE, IDS, SHOW, Ticketing, running_ticketing


class Mailbox:
    """What a server took; the first `refused` letters it takes later only."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.refused = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refused:
            self.refused -= 1
            return "451 come again"
        self.taken.append(envelope)
        return "250 OK"

    def letters(self) -> list[EmailMessage]:
        contents = [one.content for one in self.taken]
        return [message_from_bytes(content, policy=default) for content in contents if isinstance(content, bytes)]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp_url(mailbox: Mailbox) -> Iterator[str]:
    server = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    server.start()
    yield f"smtp://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture
async def posting(database_url: DatabaseUrl, neighbours: Neighbours, smtp_url: str) -> AsyncIterator[Ticketing]:
    targets = ("catalogue_target", "inventory_target", "accounts_target")
    changes: dict[str, Any] = dict.fromkeys(targets, neighbours.target) | {"smtp_url": SecretStr(smtp_url)}
    async with running_ticketing(database_url("ticketing"), database_url(), **changes) as running:
        yield running


async def papers(posting: Ticketing) -> list[str]:
    """Tickets, note and list of the allotment."""
    named = {"house_id": HOUSE, "performance_id": SHOW, "allotment_id": "alt_1"}
    printed = await posting.stub.PrintAllotment(pb.PrintAllotmentRequest(idempotency_key=IDS.new_id("key"), **named))
    made = await posting.stub.CreateDeliveryNote(
        pb.CreateDeliveryNoteRequest(idempotency_key=IDS.new_id("key"), **named)
    )
    return [printed.document.document_id, made.note.document_id, made.seat_list.document_id]


def a_send(*document_ids: str, key: str = "send-1", allotment_id: str = "alt_1") -> pb.SendAllotmentPaperRequest:
    return pb.SendAllotmentPaperRequest(
        idempotency_key=key, house_id=HOUSE, allotment_id=allotment_id, document_ids=document_ids
    )


async def test_r1_8_the_office_gets_tickets_and_note_by_mail_once(posting: Ticketing, mailbox: Mailbox) -> None:
    request = a_send(*await papers(posting))
    answers = [await posting.stub.SendAllotmentPaper(request) for _ in range(3)]
    assert len({answer.send_id for answer in answers}) == 1

    async def is_sent() -> None:
        assert await posting.rows("SELECT 1 FROM sends WHERE sent_at_ms IS NOT NULL")

    await eventually(is_sent)
    [letter] = mailbox.letters()
    assert letter["To"] == "box@town.example"
    assert letter["Message-ID"].startswith(f"<{answers[0].send_id}@")
    assert "Kontingent" in str(letter["Subject"])
    attached = [(part.get_filename(), part.get_content_type()) for part in letter.iter_attachments()]
    assert [kind for _, kind in attached] == ["application/pdf", "application/pdf", "text/csv"]
    assert attached[0][0] == "tickets-alt_1-1.pdf"
    first = next(letter.iter_attachments()).get_content()
    assert first.startswith(b"%PDF-")


async def test_a_server_that_takes_nothing_now_is_asked_again(posting: Ticketing, mailbox: Mailbox) -> None:
    mailbox.refused = 1
    await posting.stub.SendAllotmentPaper(a_send(*(await papers(posting))[1:2]))

    async def is_sent() -> None:
        assert len(mailbox.taken) == 1

    await eventually(is_sent, 40.0)


async def test_papers_of_another_allotment_or_none_are_refused_and_nothing_is_sent(
    posting: Ticketing, mailbox: Mailbox
) -> None:
    [document_id, second, *_] = await papers(posting)
    other = await refusal(posting.stub.SendAllotmentPaper(a_send(document_id, allotment_id="alt_2")))
    assert other.reason == "DOCUMENTS_NOT_TOGETHER"
    await posting.damage(f"UPDATE documents SET performance_id = 'perf_2' WHERE document_id = '{second}'")
    other = await refusal(posting.stub.SendAllotmentPaper(a_send(document_id, second)))
    assert other.reason == "DOCUMENTS_NOT_TOGETHER"
    missing = await refusal(posting.stub.SendAllotmentPaper(a_send("doc_x")))
    assert missing.reason == "DOCUMENT_NOT_FOUND"
    twice = await refusal(posting.stub.SendAllotmentPaper(a_send(document_id, document_id)))
    assert (twice.reason, twice.facts["field"]) == ("FIELD_INVALID", "document_ids")
    assert await posting.rows("SELECT 1 FROM sends") == []
    assert not mailbox.taken
