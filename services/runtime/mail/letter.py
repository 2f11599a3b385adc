"""What is mailed: plain text, and files with it. Knows no server and no address."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LetterText:
    """As it is sent. `headers` are lines besides, such as the way to stop such mails (RFC 8058); values are ASCII."""

    subject: str
    body: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file. `content_type` such as application/pdf."""

    file_name: str
    content_type: str
    content: bytes = field(repr=False)
