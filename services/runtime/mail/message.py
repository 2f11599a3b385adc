"""Writes a letter as the bytes that travel (RFC 5322, MIME): text, HTML beside it, pictures in it, files with it."""

from __future__ import annotations

from collections.abc import Sequence
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import parseaddr
from typing import Any

from services.runtime.mail.letter import Attachment, LetterText


class _WholeHeader(UnstructuredHeader, BaseHeader):
    """A line that is never folded: a link that is longer than a line would be written as what no mail program reads."""

    def fold(self, *, policy: Policy[Any]) -> str:
        """See BaseHeader.fold."""
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
for _name in ("list-unsubscribe", "message-id"):
    _HEADERS.map_to_type(_name, _WholeHeader)
_POLICY = SMTP.clone(header_factory=_HEADERS)


def message_of(
    letter_id: str, sender: str, to: str, text: LetterText, language: str, attached: Sequence[Attachment] = ()
) -> EmailMessage:
    """Headers cannot be smuggled in, the library refuses line ends in them."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = _sender(sender, text.sender_name)
    message["To"], message["Subject"] = to, text.subject
    domain = sender.rpartition("@")[2].strip("> ")
    message["Message-ID"] = f"<{letter_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    for name, value in text.headers:
        message[name] = value
    message.set_content(text.body)
    message["Content-Language"] = language
    if text.html:
        _add_html(message, text)
    for file in attached:
        _attach(message, file)
    return message


def _sender(sender: str, name: str) -> str | Address:
    """The deployment's address, under the name of whoever writes. A name is one line, whatever it is."""
    return Address(" ".join(name.split()), addr_spec=parseaddr(sender)[1]) if name else sender


def _add_html(message: EmailMessage, text: LetterText) -> None:
    """After the plain text: mail programs show the last kind that they know."""
    message.add_alternative(text.html, subtype="html")
    *_, html = message.iter_parts()
    assert isinstance(html, EmailMessage)
    for image in text.images:
        kind, _, subtype = image.content_type.partition("/")
        html.add_related(
            image.content, maintype=kind, subtype=subtype, cid=f"<{image.name}>", disposition="inline",
            filename=f"{image.name}.{subtype}",
        )  # fmt: skip


def _attach(message: EmailMessage, file: Attachment) -> None:
    kinds, *more = (part.strip() for part in file.content_type.split(";"))
    kind, _, subtype = kinds.partition("/")
    params = dict(one.split("=", 1) for one in more)
    message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.file_name, params=params)
