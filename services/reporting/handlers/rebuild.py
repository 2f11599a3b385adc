"""Builds the read model anew from the start of the topics, while people go on reading the old one (INV-7)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from services.reporting.ports import Generations
from services.runtime.clock import Clock
from services.runtime.errors import Retryable

POLL_SECONDS = 0.2
# The first round may take long, and the old model moves on meanwhile; the second is as short as that was.
ROUNDS = 2
_SHOWN_KEYS = 20


class RebuildTooSlow(Retryable):
    """The new read model has not caught up with the old one in time; the old one is still served."""


async def rebuild(
    generations: Generations, fill: Callable[[int], Awaitable[None]], clock: Clock, timeout_seconds: float
) -> int:
    """Fills a new generation by `fill(generation)`, which never ends by itself, and serves it once it has caught up.

    Returns the new generation. Raises RebuildTooSlow, GenerationGone (another rebuild began), and what `fill` raised.
    """
    deadline = clock.monotonic() + timeout_seconds
    generation = await generations.begin()
    filling = asyncio.ensure_future(fill(generation))
    try:
        for _ in range(ROUNDS):
            target = await generations.progress(await generations.serving())
            while behind := _behind(await generations.progress(generation), target):
                if filling.done():
                    await filling
                if clock.monotonic() > deadline:
                    raise RebuildTooSlow(keys=behind[:_SHOWN_KEYS], count=len(behind))
                await clock.sleep(POLL_SECONDS)
    finally:
        filling.cancel()
        await asyncio.gather(filling, return_exceptions=True)
    await generations.serve(generation)
    return generation


def _behind(progress: Mapping[str, tuple[int, int]], target: Mapping[str, tuple[int, int]]) -> list[str]:
    return sorted(key for key, place in target.items() if progress.get(key, (-1, -1)) < place)
