"""Letters drawn by processes that stay."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from services.paper.pool import PaperPool
from services.ticketing.adapters.written_sheets import written
from services.ticketing.ports.paper import Sheet

# Isolated, as the process of a document (drawn_paper.py).
COMMAND: Final = (sys.executable, "-I", "-m", "services.ticketing.adapters.letter_process")


class DrawnLetters:
    """See LetterPaper."""

    def __init__(self, pool: PaperPool) -> None:
        self._pool = pool

    async def drawn(self, sheets: Sequence[Sheet]) -> Sequence[bytes]:
        """See LetterPaper.drawn."""
        answer = await self._pool.draw(msgspec.msgpack.encode([written(sheet) for sheet in sheets]))
        return msgspec.msgpack.decode(answer, type=list[bytes])
