"""Documents drawn by a process of their own into a file that has no name."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from subprocess import PIPE, Popen, TimeoutExpired
from typing import BinaryIO, Final

from services.ticketing.adapters.written_sheets import written
from services.ticketing.ports.paper import PaperFailed, Sheet

# Isolated: neither the environment, where secrets are, nor the working folder counts.
COMMAND: Final = (sys.executable, "-I", "-m", "services.ticketing.adapters.paper_process")
AT_ONCE: Final = 2
SECONDS: Final = 300.0
_SAID_BYTES: Final = 500


class DrawnPaper:
    """See Paper. Two are drawn at once; others wait."""

    def __init__(self, command: Sequence[str] = COMMAND, seconds: float = SECONDS) -> None:
        self._command = command
        self._seconds = seconds
        self._free = asyncio.Semaphore(AT_ONCE)

    def written(self, sheet: Sheet) -> bytes:
        """See Paper.written."""
        return written(sheet)

    @asynccontextmanager
    async def drawn(self, content: bytes) -> AsyncIterator[BinaryIO]:
        """See Paper.drawn."""
        with tempfile.TemporaryFile() as file:
            async with self._free:
                await self._draw(content, file)
            file.seek(0)
            yield file

    async def _draw(self, content: bytes, file: BinaryIO) -> None:
        try:
            process = _started(self._command, file)
        except OSError as error:
            raise PaperFailed from error
        talk = asyncio.ensure_future(asyncio.to_thread(_talk, process, content, self._seconds))
        try:
            said = await asyncio.shield(talk)
        finally:
            # A caller who has gone: the thread ends with the process that it waits for.
            if not talk.done():
                process.kill()
                await asyncio.gather(talk, return_exceptions=True)
        if process.returncode:
            raise PaperFailed(exit_code=process.returncode, said=said[-_SAID_BYTES:].decode(errors="replace"))


def _started(command: Sequence[str], file: BinaryIO) -> Popen[bytes]:
    """By subprocess, not by the loop: uvloop closes the pipe now and then before all of the sheet is written."""
    return Popen(command, stdin=PIPE, stdout=file, stderr=PIPE, env={})  # noqa: S603 (a command of ours)


def _talk(process: Popen[bytes], content: bytes, seconds: float) -> bytes:
    """What the process said, when it has ended; it is ended after `seconds`."""
    try:
        return process.communicate(content, timeout=seconds)[1]
    except TimeoutExpired:
        process.kill()
        return process.communicate()[1]
