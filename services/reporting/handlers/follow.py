"""Keeps the served generation up to date, and moves to the next one when a rebuild has put it there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from services.reporting.ports.generations import Generations
from services.runtime.clock import Clock

LOOK_SECONDS = 1.0


async def follow(generations: Generations, fill: Callable[[int], Awaitable[None]], clock: Clock) -> None:
    """Fills the served generation for ever; `fill(generation)` ends only by an error, which is raised."""
    while True:
        generation = await generations.serving()
        filling = asyncio.ensure_future(fill(generation))
        try:
            while await generations.serving() == generation:
                look = asyncio.ensure_future(clock.sleep(LOOK_SECONDS))
                try:
                    await asyncio.wait({filling, look}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    look.cancel()
                if filling.done():
                    await filling
                    return  # the bus was closed
        finally:
            filling.cancel()
            await asyncio.gather(filling, return_exceptions=True)
