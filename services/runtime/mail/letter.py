"""What is mailed: text, the same as HTML where there is one, and files with it. Knows no server and no address."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class InlineImage:
    """A picture that the HTML shows as cid:`name`. `content_type` such as image/png."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LetterText:
    """As it is sent. `headers` are lines besides, such as the way to stop such mails (RFC 8058); values are ASCII.

    `html` says what `body` says, with `images` in it; `sender_name` stands for the deployment's own.
    """

    subject: str
    body: str
    headers: tuple[tuple[str, str], ...] = ()
    html: str = ""
    images: tuple[InlineImage, ...] = ()
    sender_name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file. `content_type` such as application/pdf, or text/calendar; method=PUBLISH."""

    file_name: str
    content_type: str
    content: bytes = field(repr=False)
