"""Posters made with Pillow, each in a process of its own: a picture that breaks its decoder breaks nothing else."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from subprocess import PIPE
from typing import Final

import msgspec

from services.catalogue.adapters.poster_process import OUT_OF_MEMORY, Made
from services.catalogue.domain.poster import PosterImage
from services.runtime.errors import FieldInvalid, Overloaded, Refusal, Retryable

# Isolated: neither the environment, where secrets are, nor the working folder counts.
COMMAND: Final = (sys.executable, "-I", "-m", "services.catalogue.adapters.poster_process")
AT_ONCE: Final = 2
WAITING: Final = 8
SECONDS: Final = 60.0
_RETRY_AFTER_MS: Final = 2_000
_SAID_BYTES: Final = 500


class PosterProcessFailed(Retryable):
    """The process that makes posters failed, and not over the picture."""


class PillowPosterMaker:
    """See PosterMaker. Two at once, eight more wait, others are told to come again."""

    def __init__(self, command: Sequence[str] = COMMAND, seconds: float = SECONDS) -> None:
        self._command = command
        self._seconds = seconds
        self._free = asyncio.Semaphore(AT_ONCE)
        self._here = 0

    async def images(self, field: str, content: bytes) -> Sequence[PosterImage] | Refusal:
        if self._here >= AT_ONCE + WAITING:
            return Overloaded(_RETRY_AFTER_MS)
        self._here += 1
        try:
            async with self._free:
                return await self._made(field, content)
        finally:
            self._here -= 1

    async def _made(self, field: str, content: bytes) -> Sequence[PosterImage] | FieldInvalid:
        try:
            process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env={})
        except OSError as error:
            raise PosterProcessFailed from error
        answer = said = b""
        try:
            async with asyncio.timeout(self._seconds):
                answer, said = await process.communicate(content)
        except TimeoutError:
            pass
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        # A signal is the bound of its time, or a decoder that broke over the picture.
        if process.returncode == OUT_OF_MEMORY or (process.returncode or 0) < 0:
            limit = f"a picture that is read within {self._seconds:.0f} seconds and bounds of memory"
            return FieldInvalid(field, "could not be read", limit)
        if process.returncode:
            raise PosterProcessFailed(exit_code=process.returncode, said=said[-_SAID_BYTES:].decode(errors="replace"))
        made = msgspec.msgpack.decode(answer, type=Made)
        return FieldInvalid(field, made.problem, made.limit) if made.problem else made.images
