"""Letters that a stack without a mail server has written to people, in its data folder."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Final

from services.runtime.clock import Clock
from services.runtime.errors import Fatal

_LINK: Final = re.compile(r"^https?://\S+", re.MULTILINE)
_PATIENCE_SECONDS: Final = 60.0
_HEADERS_BYTES: Final = 4_096
_POLL_SECONDS: Final = 0.2


class NoSuchLetter(Fatal):
    """No letter with a link has been written to that address."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it was written."""

    written_at: float
    to: str
    subject: str
    body: str

    @property
    def link(self) -> str:
        """The first link in it; '' where there is none."""
        found = _LINK.search(self.body)
        return found.group() if found else ""


def letters_in(data: Path, to: str = "") -> list[Letter]:
    """Those to an address, or all, the oldest first."""
    letters = []
    for path in (data / "mail").glob("*.eml"):
        content = path.read_bytes()
        # Buyers' letters come by the hundred, with tickets: whose it is stands in the first lines.
        if to.isascii() and to.casefold().encode() not in content[:_HEADERS_BYTES].lower():
            continue
        message = message_from_bytes(content, policy=policy.default)
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        letters.append(Letter(path.stat().st_mtime, str(message["To"]), str(message["Subject"]), text))
    wanted = [letter for letter in letters if not to or letter.to.casefold() == to.casefold()]
    return sorted(wanted, key=lambda letter: letter.written_at)


async def newest_link(data: Path, to: str, clock: Clock) -> str:
    """The link of the newest letter to an address; one that is on its way is waited for (NoSuchLetter)."""
    deadline = clock.monotonic() + _PATIENCE_SECONDS
    while True:
        links = [letter.link for letter in await asyncio.to_thread(letters_in, data, to) if letter.link]
        if links:
            return links[-1]
        if clock.monotonic() > deadline:
            raise NoSuchLetter(to=to, folder=str(data / "mail"))
        await clock.sleep(_POLL_SECONDS)
