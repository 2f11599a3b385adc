"""What access costs: the owner's time for a hold with the interceptor and without it, in turns on one machine."""

from __future__ import annotations

from bench import load
from bench.process import cpu_seconds
from bench.stack import GUARDED, UNGUARDED, InventoryStack, inventory_stack

ROUNDS = 5
UNARY_HOLDS = 10_000
STREAM_MESSAGES, HOLDS_A_MESSAGE = 390, 128
HALL = 100_000


async def measure() -> dict[str, tuple[float, float]]:
    """Microseconds of the owner's CPU for a hold, with and without: for unary calls and on the stream.

    Each the least of the rounds: what else the machine does can only add to it.
    """
    found: dict[str, tuple[float, float]] = {}
    async with inventory_stack(modules=(GUARDED, UNGUARDED)) as stack:
        for kind in ("unary", "stream"):
            least = [float("inf"), float("inf")]
            for turn in range(ROUNDS):
                for node in (0, 1) if turn % 2 else (1, 0):
                    least[node] = min(least[node], await _round(stack, node, kind, turn))
            found[kind] = least[0], least[1]
    return found


async def _round(stack: InventoryStack, node: int, kind: str, turn: int) -> float:
    (name,) = await stack.put_performances(HALL, 1, prefix=f"access{kind}{node}x{turn}")
    await load.wake(stack.nodes[node], name)
    before = cpu_seconds(stack.pids[node])
    if kind == "unary":
        measured = await load.unary(stack.nodes[node], name, UNARY_HOLDS, tasks=32)
    else:
        batches = load.batches(name, HALL, HOLDS_A_MESSAGE, 2)
        messages = [message for _, message in zip(range(STREAM_MESSAGES), batches, strict=False)]
        measured = await load.stream(stack.nodes[node], messages, window=4)
    return (cpu_seconds(stack.pids[node]) - before) / measured.holds * 1e6
