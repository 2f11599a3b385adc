"""Posters made with Pillow, each in a process of its own: a picture that breaks its decoder breaks nothing else."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from subprocess import PIPE, Popen, TimeoutExpired
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
            process = _started(self._command)
        except OSError as error:
            raise PosterProcessFailed from error
        talk = asyncio.ensure_future(asyncio.to_thread(_talk, process, content, self._seconds))
        try:
            answer, said = await asyncio.shield(talk)
        finally:
            # A caller who has gone: the thread ends with the process that it waits for.
            if not talk.done():
                process.kill()
                await asyncio.gather(talk, return_exceptions=True)
        # A signal is the bound of its time, or a decoder that broke over the picture.
        if process.returncode == OUT_OF_MEMORY or process.returncode < 0:
            limit = f"a picture that is read within {self._seconds:.0f} seconds and bounds of memory"
            return FieldInvalid(field, "could not be read", limit)
        if process.returncode:
            raise PosterProcessFailed(exit_code=process.returncode, said=said[-_SAID_BYTES:].decode(errors="replace"))
        made = msgspec.msgpack.decode(answer, type=Made)
        return FieldInvalid(field, made.problem, made.limit) if made.problem else made.images


def _started(command: Sequence[str]) -> Popen[bytes]:
    """By subprocess, not by the loop: uvloop closes the pipe now and then before all of the picture is written."""
    return Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env={})  # noqa: S603 (a command of ours)


def _talk(process: Popen[bytes], content: bytes, seconds: float) -> tuple[bytes, bytes]:
    """What the process answered and said, when it has ended; it is ended after `seconds`."""
    try:
        return process.communicate(content, timeout=seconds)
    except TimeoutExpired:
        process.kill()
        return process.communicate()
