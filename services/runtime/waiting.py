"""Waiting for an event with a bound, on the Clock that was handed in. Nothing else."""

from __future__ import annotations

import asyncio

from services.runtime.clock import Clock


async def wait_until_set(event: asyncio.Event, clock: Clock, seconds: float) -> bool:
    """Waits until `event` is set, at most `seconds`; says whether it is. Does not clear it."""
    if event.is_set():
        return True
    waiter = asyncio.ensure_future(event.wait())
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((waiter, timer), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiter.cancel()
        timer.cancel()
        await asyncio.gather(waiter, timer, return_exceptions=True)
    return event.is_set()
