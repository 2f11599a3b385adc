"""`make bench`: starts a bare inventory, measures, prints a table."""

from __future__ import annotations

import uvloop

from bench import load
from bench.stack import InventoryStack, inventory_stack

HALL_SEATS = 100_000


async def _stream(stack: InventoryStack, holds_a_message: int, window: int) -> load.Measured:
    (name,) = await stack.put_performances(HALL_SEATS, 1, prefix=f"stream{holds_a_message}x{window}")
    most = min(HALL_SEATS, holds_a_message * 2 * 6_000)
    messages = list(load.batches(name, most, holds_a_message, 2))
    await load.unary(stack.nodes[0], name, 0, tasks=1)
    return await load.stream(stack.nodes[0], messages, window=window)


async def main() -> None:
    """Runs every measurement once."""
    async with inventory_stack() as stack:
        for holds_a_message, window in ((1, 64), (8, 16), (32, 8), (128, 4)):
            measured = await _stream(stack, holds_a_message, window)
            print(
                f"stream {holds_a_message:4} holds a message: {measured.holds_per_second:9,.0f} holds/s "
                f"p50 {measured.percentile_ms(50):6.1f} ms p99 {measured.percentile_ms(99):6.1f} ms"
            )
        (name,) = await stack.put_performances(HALL_SEATS, 1, prefix="unary")
        measured = await load.unary(stack.nodes[0], name, 10_000, tasks=64)
        print(
            f"unary: {measured.holds_per_second:9,.0f} holds/s "
            f"p50 {measured.percentile_ms(50):6.1f} ms p99 {measured.percentile_ms(99):6.1f} ms"
        )


if __name__ == "__main__":
    uvloop.run(main())
