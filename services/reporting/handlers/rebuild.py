"""Builds the read model anew from the start of the topics, while people go on reading the old one (INV-7)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeVar

from services.reporting.ports.generations import GenerationGone, Generations, Progress, ProgressKey, Stuck
from services.reporting.ports.history import History
from services.runtime.clock import Clock
from services.runtime.errors import Fatal, Retryable
from services.runtime.telemetry.logging import get_logger

POLL_SECONDS = 0.2
# The first round may take long, and the old model moves on meanwhile; the second is as short as that was.
ROUNDS = 2
# Longer than a session whose process died is taken for living: after that its group can be forgotten.
TIDY_SECONDS = 30.0
_SHOWN_KEYS = 20
_GAP = "SequenceGap"

_log = get_logger(__name__)
T = TypeVar("T")


class RebuildTooSlow(Retryable):
    """The new read model has not caught up with the old one in time; the old one is still served."""


class HistoryIncomplete(Fatal):
    """The topic no longer has all of this key that the old read model counts; the old one is still served.

    `first_sequence` is the first event that is there, 0 for none of them; a rebuild needs `needed_sequence`. See "A
    rebuild that ends early" in docs/operations.md.
    """


class EventNotApplied(Fatal):
    """An event cannot be applied anew, so its key cannot catch up; the old read model is still served."""


async def rebuild(generations: Generations, history: History, clock: Clock, timeout_seconds: float) -> int:
    """Fills a new generation from the history, and serves it once it has caught up with the old one.

    Returns the new generation. Whatever the end, nothing of other generations stays on the bus, unless that is away.
    Raises HistoryIncomplete, EventNotApplied, RebuildTooSlow, GenerationGone (another rebuild began), or what filling
    raised.
    """
    deadline = clock.monotonic() + timeout_seconds
    generation = await generations.begin()
    filling = asyncio.ensure_future(history.fill(generation))
    try:
        for _ in range(ROUNDS):
            await _catch_up(generations, history, clock, generation, filling, deadline)
        await _stop(filling)
        await _patiently(clock, deadline, lambda: generations.serve(generation))
    except BaseException:
        await _stop(filling)
        await generations.abandon(generation)
        raise
    finally:
        await _tidy(generations, history, clock)
    return generation


async def _catch_up(
    generations: Generations,
    history: History,
    clock: Clock,
    generation: int,
    filling: asyncio.Future[None],
    deadline: float,
) -> None:
    """Until the new model is where the old one is now, or it is certain that it never will be."""

    async def of_served() -> Progress:
        return await generations.progress(await generations.serving())

    target = await _patiently(clock, deadline, of_served)
    end = await _patiently(clock, deadline, history.end)  # asked after the target: what that counts is before it
    before: Progress | None = None
    still = False  # the bus is asked only when nothing moves
    while True:
        # In this order: what was read up to the end is in the progress that is looked at afterwards.
        passed = still and await _patiently(clock, deadline, lambda: history.passed(generation, end))
        progress = await _patiently(clock, deadline, lambda: generations.progress(generation))
        behind = _behind(progress, target)
        if not behind:
            return
        _raise_if_stuck(behind, history.stuck(generation), progress, target)
        if passed:
            raise _incomplete(behind[0], 0, progress, target)
        if filling.done():
            await filling
        if clock.monotonic() > deadline:
            raise RebuildTooSlow(keys=[f"{at.topic} {at.key}" for at in behind[:_SHOWN_KEYS]], count=len(behind))
        still, before = progress == before, progress
        await clock.sleep(POLL_SECONDS)


async def _patiently(clock: Clock, deadline: float, ask: Callable[[], Awaitable[T]]) -> T:
    """Asks until there is an answer: a database that starts again and a bus that is away for a while end no rebuild."""
    while True:
        try:
            return await ask()
        except GenerationGone:
            raise
        except Retryable as away:
            if clock.monotonic() > deadline:
                raise
            _log.warning("rebuild_waits", fault=type(away).__name__)
            await clock.sleep(POLL_SECONDS)


def _behind(progress: Progress, target: Progress) -> Sequence[ProgressKey]:
    return sorted(key for key, place in target.items() if progress.get(key, (-1, -1)) < place)


def _raise_if_stuck(
    behind: Sequence[ProgressKey], stuck: Mapping[ProgressKey, Stuck], progress: Progress, target: Progress
) -> None:
    for at in behind:
        if at in stuck and stuck[at].error == _GAP:
            raise _incomplete(at, stuck[at].sequence, progress, target)
        if at in stuck:
            facts = {"topic": at.topic, "key": at.key, "source": at.source}
            raise EventNotApplied(**facts, sequence=stuck[at].sequence, error=stuck[at].error)


def _incomplete(at: ProgressKey, first_sequence: int, progress: Progress, target: Progress) -> HistoryIncomplete:
    needed = progress.get(at, (0, 0))[1] + 1
    return HistoryIncomplete(
        topic=at.topic,
        key=at.key,
        source=at.source,
        first_sequence=first_sequence,
        needed_sequence=needed,
        known_sequence=target[at][1],
    )


async def _stop(filling: asyncio.Future[None]) -> None:
    filling.cancel()
    await asyncio.gather(filling, return_exceptions=True)


async def _tidy(generations: Generations, history: History, clock: Clock) -> None:
    """Who follows the old generation needs a moment to see the new one, and to leave its groups.

    Never raises because something is away: how the rebuild ended is decided, and the next one removes what is left.
    """
    deadline = clock.monotonic() + TIDY_SECONDS
    while True:
        left, away = await _forget_others(generations, history)
        if not left and not away:
            return
        if clock.monotonic() > deadline:
            _log.warning("groups_left_on_the_bus", groups=sorted(left), away=away)
            return
        await clock.sleep(POLL_SECONDS)


async def _forget_others(generations: Generations, history: History) -> tuple[Collection[str], str]:
    """The groups that stay for now; and what did not answer, '' if all did."""
    try:
        return await history.forget_others(generations.kept), ""
    except Retryable as away:
        return (), type(away).__name__
