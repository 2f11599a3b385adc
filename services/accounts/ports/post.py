"""Takes letters to where they are read."""

from __future__ import annotations

from typing import Protocol

from services.accounts.domain.letters import LetterText


class Post(Protocol):
    """PostUnavailable: later. LetterRefused: never."""

    async def send(self, letter_id: str, to: str, text: LetterText, language: str) -> None:
        """The same letter twice carries the same Message-ID."""
        ...
