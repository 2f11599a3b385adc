"""Waiting for an event with a bound, on the Clock that was handed in, and ending when asked to. Nothing else."""

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


def end_if_cancelled(error: BaseException) -> None:
    """For loops that go on through every fault: raises CancelledError where this task was asked to end.

    What is let go on the way out, such as a session in the middle of a command, may raise `error` in its place.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
