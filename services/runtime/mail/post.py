"""Takes letters to where they are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.runtime.mail.letter import Attachment, LetterText


class Post(Protocol):
    """PostUnavailable: later; LetterUncertain among them: it may have left. LetterRefused: never."""

    async def send(
        self, letter_id: str, to: str, text: LetterText, language: str, attached: Sequence[Attachment] = ()
    ) -> None:
        """The same letter twice carries the same Message-ID."""
        ...
