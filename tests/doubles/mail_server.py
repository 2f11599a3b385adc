"""A mail server that is as strict, as silent or as rude as a test wants it (docs/testing.md: a double)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.runtime.embedded.ports import free_port


class MailServer:
    """`drops`: so many letters are taken and the line is dropped before the answer. `away`, `refused`: answers."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.drops = 0
        self.is_away = False
        self.refused: set[str] = set()
        self.url = ""
        # How many clients have said who they are; and those that are still there.
        self.connections = 0
        self._servers: list[SMTP] = []

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        self._servers.append(server)
        return responses

    def hang_up(self) -> None:
        """Closes every connection, without a word."""
        for server in self._servers:
            if isinstance(server.transport, asyncio.WriteTransport):
                server.loop.call_soon_threadsafe(server.transport.abort)

    async def handle_RCPT(  # noqa: N802 (the library's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.is_away:
            return "451 not now"
        if address in self.refused:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.append(message_from_bytes(content, policy=default))
        if self.drops:
            self.drops -= 1
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [letter for letter in self.letters if letter["To"] == address]

    def copies(self) -> Counter[str]:
        """How many of each Message-ID were taken: receivers' systems show one of them."""
        return Counter(str(letter["Message-ID"]) for letter in self.letters)


@contextmanager
def serving_mail() -> Iterator[MailServer]:
    server = MailServer()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    server.url = f"smtp://127.0.0.1:{controller.port}"
    try:
        yield server
    finally:
        controller.stop()
