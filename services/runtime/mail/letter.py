"""What is mailed: plain text, and files with it. Knows no server and no address."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LetterText:
    """As it is sent."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file. `content_type` such as application/pdf."""

    file_name: str
    content_type: str
    content: bytes = field(repr=False)
