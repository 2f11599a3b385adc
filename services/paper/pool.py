"""Processes that stay and draw one request after the other: for papers by the hundred, each small.

Such a process knows no secret and asks nobody; it yields to everything else on the machine, and ends with its parent.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from typing import BinaryIO, Final

from services.paper.process import PaperFailed

_LENGTH_BYTES: Final = 4
_DRAWN, _FAILED = b"\x00", b"\x01"
# A process is followed by a new one after so many: whatever a library forgets to give back ends with it.
_REQUESTS_A_PROCESS: Final = 2_000
_SECONDS: Final = 60.0
_LOW_PRIORITY: Final = 10


class PaperPool:
    """Runs `command`, which calls serve_requests(), `size` times at most; who comes then waits."""

    def __init__(self, command: Sequence[str], *, size: int = 1, seconds: float = _SECONDS) -> None:
        self._command = command
        self._seconds = seconds
        self._free = asyncio.Semaphore(size)
        self._idle: list[_Worker] = []

    async def draw(self, request: bytes) -> bytes:
        """What the process answers. Raises PaperFailed."""
        async with self._free:
            worker = self._idle.pop() if self._idle else await _started(self._command)
            is_whole = False
            try:
                async with asyncio.timeout(self._seconds):
                    status, answer = await worker.asked(request)
                is_whole = True
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                raise PaperFailed(why=type(error).__name__) from error
            finally:
                if is_whole and worker.answered < _REQUESTS_A_PROCESS:
                    self._idle.append(worker)
                else:
                    await worker.end()
        if status != _DRAWN:
            raise PaperFailed(why=answer.decode(errors="replace"))
        return answer

    async def close(self) -> None:
        """Ends the processes that wait for work."""
        idle, self._idle = self._idle, []
        for worker in idle:
            await worker.end()


class _Worker:
    """One process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout
        self.answered = 0

    async def asked(self, request: bytes) -> tuple[bytes, bytes]:
        self._in.write(len(request).to_bytes(_LENGTH_BYTES) + request)
        await self._in.drain()
        length = int.from_bytes(await self._out.readexactly(_LENGTH_BYTES))
        status = await self._out.readexactly(1)
        answer = await self._out.readexactly(length)
        self.answered += 1
        return status, answer

    async def end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


async def _started(command: Sequence[str]) -> _Worker:
    """Without the environment, where secrets are. What it says is dropped: names could be in it."""
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=nothing, env={})
    except OSError as error:
        raise PaperFailed(why=type(error).__name__) from error
    return _Worker(process)


def serve_requests(answer: Callable[[bytes], bytes]) -> None:
    """The process's side: answers requests until its input ends. A request that fails costs the next one nothing."""
    os.nice(_LOW_PRIORITY)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while len(head := source.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
        request = source.read(int.from_bytes(head))
        try:
            status, content = _DRAWN, answer(request)
        except Exception as error:  # noqa: BLE001 (the next request must not pay for it)
            # Its class and no more: what it says may name people.
            status, content = _FAILED, type(error).__name__.encode()
        _say(sink, status, content)


def _say(sink: BinaryIO, status: bytes, content: bytes) -> None:
    sink.write(len(content).to_bytes(_LENGTH_BYTES) + status + content)
    sink.flush()
