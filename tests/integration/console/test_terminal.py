"""What a command prints for machines, read as they read it: through a pipe, from a process that goes on."""

from __future__ import annotations

import asyncio
import os
import sys

import msgspec

from services.runtime.testing.child_process import child

GOES_ON = """
import sys
from services.console.terminal import print_json
print_json({"up": True})
sys.stdin.read()
"""


async def test_json_is_in_the_pipe_before_the_command_ends() -> None:
    # With it, Python itself would write through, and hide what is forgotten.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    async with child(sys.executable, "-c", GOES_ON, environment=environment, pipes=asyncio.subprocess.PIPE) as process:
        assert process.stdout is not None
        told = await process.stdout.readuntil(b"}\n")
        assert process.returncode is None
    assert msgspec.json.decode(told) == {"up": True}
