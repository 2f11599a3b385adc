"""The console's side of the load processes: starts them, opens the doors for all at once, adds up what they tell."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Self

import msgspec

from services.console.sale.crowd_process import Assignment
from services.console.sale.tally import Progress, Tally, merge
from services.runtime.errors import Fatal

# A tally of thousands of buyers is one line.
_LINE_BYTES = 64 * 1024 * 1024


class CrowdBroke(Fatal):
    """A load process ended before its buyers did; what it wrote to standard error says why."""


class Crowd:
    """`async with Crowd(assignments) as crowd:` they are connected and wait; `run` opens the doors."""

    def __init__(self, assignments: list[Assignment], on_progress: Callable[[Progress], None]) -> None:
        self._assignments = assignments
        self._on_progress = on_progress
        self._processes: list[asyncio.subprocess.Process] = []
        self._latest: dict[int, Progress] = {}

    async def __aenter__(self) -> Self:
        try:
            for assignment in self._assignments:
                await self._start(assignment)
            await asyncio.gather(*(self._line(process) for process in self._processes))
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def run(self) -> Tally:
        """The sale, from the opening to the last buyer's leaving."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(b"open\n")
        tallies = await asyncio.gather(*(self._follow(index) for index in range(len(self._processes))))
        return merge(tallies)

    async def _start(self, assignment: Assignment) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.console.sale.crowd_process",
            env={**os.environ, "GRPC_VERBOSITY": "ERROR"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_BYTES,
            # Ctrl-C in the terminal is for the console to translate.
            start_new_session=True,
        )
        self._processes.append(process)
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(assignment) + b"\n")
        await process.stdin.drain()

    async def _follow(self, index: int) -> Tally:
        while True:
            line = await self._line(self._processes[index])
            try:
                self._latest[index] = msgspec.json.decode(line, type=Progress)
            except msgspec.ValidationError:
                return msgspec.json.decode(line, type=Tally)
            self._on_progress(self._sum())

    async def _line(self, process: asyncio.subprocess.Process) -> bytes:
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            raise CrowdBroke(status=await process.wait())
        return line

    def _sum(self) -> Progress:
        shares = self._latest.values()
        return Progress(
            arrived=sum(share.arrived for share in shares),
            left=sum(share.left for share in shares),
            holds=sum(share.holds for share in shares),
            orders=sum(share.orders for share in shares),
            tickets=sum(share.tickets for share in shares),
        )

    async def _end(self) -> None:
        for process in self._processes:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()
