"""Waits for a condition instead of sleeping for a guess. For tests; production code waits on events."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

from services.runtime.clock import LoopClock, SystemClock

T = TypeVar("T")

# What comes at all comes long before; a loaded machine must not decide a test. What never comes costs this.
PATIENCE_SECONDS = 120.0
_FIRST_POLL_SECONDS = 0.002
_LAST_POLL_SECONDS = 0.1
_GROWTH = 1.5


@overload
async def eventually(condition: Callable[[], Awaitable[T]], timeout_seconds: float = PATIENCE_SECONDS) -> T: ...


@overload
async def eventually(condition: Callable[[], T], timeout_seconds: float = PATIENCE_SECONDS) -> T: ...


async def eventually(condition: Callable[[], Any], timeout_seconds: float = PATIENCE_SECONDS) -> Any:
    """Polls a predicate or a block of assertions, async or not, until it holds; returns what it returned.

    It holds when it returns None (its assertions passed) or something true. Raises its last AssertionError, or one that
    says it stayed false, with the time waited as a note; any other exception at once. Uses the running loop's time, so
    it costs nothing under virtual time.
    """
    clock = LoopClock()
    start = clock.monotonic()
    failure = AssertionError("no answer from the condition")
    pause = _FIRST_POLL_SECONDS
    bound = asyncio.timeout(timeout_seconds)
    try:
        async with bound:
            while True:
                try:
                    outcome = condition()
                    result = await outcome if inspect.isawaitable(outcome) else outcome
                    if result is None or result:
                        return result
                    failure = AssertionError(f"the condition stayed false: {result!r}")
                except AssertionError as error:
                    failure = error
                await clock.sleep(pause)
                pause = min(pause * _GROWTH, _LAST_POLL_SECONDS)
    except TimeoutError:
        if not bound.expired():
            raise  # the condition's own
    failure.add_note(f"not within {clock.monotonic() - start:.2f} seconds")
    raise failure


def eventually_sync(condition: Callable[[], T], timeout_seconds: float = PATIENCE_SECONDS) -> T:
    """As `eventually`, for a condition that blocks, in tests without a loop."""
    clock = SystemClock()
    start = clock.monotonic()
    pause = _FIRST_POLL_SECONDS
    never = threading.Event()
    while True:
        try:
            result = condition()
            if result is None or result:
                return result
            failure = AssertionError(f"the condition stayed false: {result!r}")
        except AssertionError as error:
            failure = error
        waited = clock.monotonic() - start
        if waited > timeout_seconds:
            failure.add_note(f"not within {waited:.2f} seconds")
            raise failure
        never.wait(pause)
        pause = min(pause * _GROWTH, _LAST_POLL_SECONDS)
