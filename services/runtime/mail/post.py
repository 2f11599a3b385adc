"""Takes letters to where they are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.runtime.mail.letter import Attachment, LetterText


class Post(Protocol):
    """PostUnavailable: later; LetterUncertain among them: it may have left.

    LetterRefused: never; AddressRefused among them: never to that address.
    """

    async def send(
        self, letter_id: str, to: str, text: LetterText, language: str, attached: Sequence[Attachment] = ()
    ) -> None:
        """The same letter twice carries the same Message-ID."""
        ...

    async def close(self) -> None:
        """Lets go of what it keeps open."""
        ...
