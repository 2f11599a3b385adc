"""Documents are drawn by processes of their own: a large one keeps no loop from its calls.

Such a process knows no secret and asks nobody: a file comes in, a file goes out, and it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from subprocess import PIPE, Popen, TimeoutExpired
from typing import BinaryIO, Final

from services.runtime.errors import Retryable

AT_ONCE: Final = 2
SECONDS: Final = 300.0
_SAID_BYTES: Final = 500


class PaperFailed(Retryable):
    """The process that draws failed; nothing of the document is there."""


class PaperProcess:
    """Runs one command for each document. Two are drawn at once; others wait."""

    def __init__(self, command: Sequence[str], seconds: float = SECONDS, at_once: int = AT_ONCE) -> None:
        self._command = command
        self._seconds = seconds
        self._free = asyncio.Semaphore(at_once)

    async def draw(self, source: BinaryIO, sink: BinaryIO) -> None:
        """From one file, at its beginning, into another, both with a descriptor. Raises PaperFailed."""
        async with self._free:
            await self._draw(source, sink)
        sink.seek(0)

    async def _draw(self, source: BinaryIO, sink: BinaryIO) -> None:
        try:
            process = _started(self._command, source, sink)
        except OSError as error:
            raise PaperFailed from error
        talk = asyncio.ensure_future(asyncio.to_thread(_talk, process, self._seconds))
        try:
            said = await asyncio.shield(talk)
        finally:
            # A caller who has gone: the thread ends with the process that it waits for.
            if not talk.done():
                process.kill()
                await asyncio.gather(talk, return_exceptions=True)
        if process.returncode:
            raise PaperFailed(exit_code=process.returncode, said=said[-_SAID_BYTES:].decode(errors="replace"))


def _started(command: Sequence[str], source: BinaryIO, sink: BinaryIO) -> Popen[bytes]:
    """By subprocess, not by the loop: files come in and go out, and no pipe can be closed too soon."""
    return Popen(command, stdin=source, stdout=sink, stderr=PIPE, env={})  # noqa: S603 (a command of ours)


def _talk(process: Popen[bytes], seconds: float) -> bytes:
    """What the process said, when it has ended; it is ended after `seconds`."""
    try:
        return process.communicate(timeout=seconds)[1]
    except TimeoutExpired:
        process.kill()
        return process.communicate()[1]
