"""Letters by SMTP, or into a folder where a deployment has no mail server: one file each, for people to open."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.runtime.errors import Fatal, Retryable
from services.runtime.mail.letter import Attachment, LetterText
from services.runtime.mail.post import Post
from services.runtime.settings import MailSettings
from services.runtime.telemetry.logging import get_logger

_TIMEOUT_SECONDS = 30.0
_log = get_logger("mail")


class PostUnavailable(Retryable):
    """The mail server does not take the letter now."""


class LetterUncertain(PostUnavailable):
    """The line broke after the letter had begun to leave: the server may have it, and did not say so."""


class LetterRefused(Fatal):
    """The mail server will never take the letter: the address is refused, or the sender is."""


class _WholeHeader(UnstructuredHeader, BaseHeader):
    """A line that is never folded: a link that is longer than a line would be written as what no mail program reads."""

    def fold(self, *, policy: Policy[Any]) -> str:
        """See BaseHeader.fold."""
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
for _name in ("list-unsubscribe", "message-id"):
    _HEADERS.map_to_type(_name, _WholeHeader)
_POLICY = SMTP.clone(header_factory=_HEADERS)


def post_of(settings: MailSettings) -> Post:
    """As the settings say (ValueError where they name neither a server nor a folder)."""
    url = settings.smtp_url.get_secret_value()
    if url:
        return SmtpPost(url, settings.mail_sender)
    if not settings.mail_folder:
        prefix = settings.model_config.get("env_prefix", "")
        message = f"{prefix}SMTP_URL or {prefix}MAIL_FOLDER must be set"
        raise ValueError(message)
    return FolderPost(Path(settings.mail_folder), settings.mail_sender)


def message_of(
    letter_id: str, sender: str, to: str, text: LetterText, language: str, attached: Sequence[Attachment] = ()
) -> EmailMessage:
    """Plain text, RFC 5322; headers cannot be smuggled in, the library refuses line ends in them."""
    message = EmailMessage(policy=_POLICY)
    message["From"], message["To"], message["Subject"] = sender, to, text.subject
    domain = sender.rpartition("@")[2].strip("> ")
    message["Message-ID"] = f"<{letter_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    for name, value in text.headers:
        message[name] = value
    message.set_content(text.body)
    message["Content-Language"] = language
    for file in attached:
        kind, _, subtype = file.content_type.partition("/")
        message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.file_name)
    return message


class _Client(aiosmtplib.SMTP):
    """Knows whether a letter has begun to leave."""

    has_begun = False

    async def data(self, *content: Any, **how: Any) -> Any:
        """See aiosmtplib.SMTP.data."""
        self.has_begun = True
        return await super().data(*content, **how)


class SmtpPost:
    """See Post. smtp:// takes TLS where the server offers it, smtps:// is TLS from the first byte."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._is_tls = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender

    async def send(
        self, letter_id: str, to: str, text: LetterText, language: str, attached: Sequence[Attachment] = ()
    ) -> None:
        message = message_of(letter_id, self._sender, to, text, language, attached)
        client = _Client(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._is_tls,
            timeout=_TIMEOUT_SECONDS,
        )
        try:
            async with client:
                await client.send_message(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise _fault(min(codes, default=500)) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _fault(error.code) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            # Without what the library says: addresses are in it.
            raise (LetterUncertain if client.has_begun else PostUnavailable)(why=type(error).__name__) from None
        _log.info("letter_sent", letter_id=letter_id)


def _fault(code: int) -> PostUnavailable | LetterRefused:
    """5xx is for good (RFC 5321); without the server's words, in which addresses are."""
    return LetterRefused(code=code) if code >= 500 else PostUnavailable(code=code)


class FolderPost:
    """See Post. For a stack on one machine; the folder is its user's own."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(
        self, letter_id: str, to: str, text: LetterText, language: str, attached: Sequence[Attachment] = ()
    ) -> None:
        message = message_of(letter_id, self._sender, to, text, language, attached)
        path = self._folder / f"{letter_id}.eml"
        await asyncio.to_thread(self._write, path, message.as_bytes())
        _log.info("letter_written", letter_id=letter_id, path=str(path))

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
