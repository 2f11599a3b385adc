"""Documents drawn by a process of their own into a file that has no name."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import BinaryIO, Final

from services.paper.process import SECONDS, PaperProcess
from services.ticketing.adapters.written_sheets import written
from services.ticketing.ports.paper import Sheet

# Isolated: neither the environment, where secrets are, nor the working folder counts.
COMMAND: Final = (sys.executable, "-I", "-m", "services.ticketing.adapters.paper_process")


class DrawnPaper:
    """See Paper."""

    def __init__(self, command: Sequence[str] = COMMAND, seconds: float = SECONDS) -> None:
        self._process = PaperProcess(command, seconds)

    def written(self, sheet: Sheet) -> bytes:
        """See Paper.written."""
        return written(sheet)

    @asynccontextmanager
    async def drawn(self, content: bytes) -> AsyncIterator[BinaryIO]:
        """See Paper.drawn."""
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as file:
            source.write(content)
            source.seek(0)
            await self._process.draw(source, file)
            yield file
