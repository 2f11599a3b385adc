"""`make bench-go`: what ordinary grpc-go callers get of one inventory node, 200 on one connection and 2,000 on 200.

Prints a line of JSON for each crowd. Needs Go, which fetches grpc-go; no test needs it.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from bench.process import resident_mib
from bench.stack import HOUSE, PLAN_VERSION, InventoryStack, inventory_stack

CLIENT = Path(__file__).with_name("grpc_go")
HALL = 100_000
SECONDS = 10
CROWDS = ((200, 1), (2_000, 200))
# What gRPC says of calls that it cut by itself; nobody may be told so.
CUT = ("CANCELLED", "Canceled", "(reset)")


async def run(stack: InventoryStack, program: Path, callers: int, connections: int) -> dict[str, Any]:
    """One crowd on a hall of its own."""
    (performance,) = await stack.put_performances(HALL, 1, prefix=f"go{callers}")
    arguments = {
        "target": stack.nodes[0], "house": HOUSE, "performance": performance, "plan-version": PLAN_VERSION,
        "seats": HALL, "callers": callers, "connections": connections, "seconds": SECONDS,
    }  # fmt: skip
    options = [f"-{name}={value}" for name, value in arguments.items()]
    before = most = resident_mib(stack.pids[0])
    client = await asyncio.create_subprocess_exec(program, *options, stdout=subprocess.PIPE)
    answer = asyncio.create_task(client.communicate())
    while not answer.done():
        await asyncio.wait([answer], timeout=0.2)
        most = max(most, resident_mib(stack.pids[0]))
    told: dict[str, Any] = json.loads((await answer)[0])
    return told | {"node_mib_before": round(before), "node_mib_most": round(most)}


async def main() -> int:
    """Measures; the exit status is 1 when anybody was reset or cancelled."""
    was_cut = False
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "callers")
        build = await asyncio.create_subprocess_exec("go", "build", "-o", program, ".", cwd=CLIENT)
        if await build.wait():
            return 2
        async with inventory_stack() as stack:
            for callers, connections in CROWDS:
                told = await run(stack, program, callers, connections)
                was_cut |= any(mark in code for code in told["answers"] for mark in CUT)
                print(json.dumps(told))
    return int(was_cut)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
