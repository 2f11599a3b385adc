"""A child process that does not outlive the block it was started for, however the block ends. For tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def child(
    *command: str, environment: Mapping[str, str] | None = None, folder: Path | None = None, pipes: int | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs `command`; it is killed and reaped at the end of the block unless it has ended by then.

    `pipes` (asyncio.subprocess.PIPE) are its input and output; without, they are ours.
    """
    process = await asyncio.create_subprocess_exec(*command, env=environment, cwd=folder, stdin=pipes, stdout=pipes)
    try:
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
