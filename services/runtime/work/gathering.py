"""Natural batching: what is asked for while a group is under way becomes the next group.

Alone, a request is worked on at once; in a crowd, groups grow by themselves until the work keeps up. With a pace a lane
begins a group so often at most: a group costs much, one item more of it little, so a crowd waits a moment for company.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from services.runtime.call_context import outside_call

# Lanes are houses and the like: forgetting them costs a pause less.
_LANES_REMEMBERED = 10_000

LaneT = TypeVar("LaneT", bound=Hashable)
ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class ItemBroke:
    """The one item's fault, while the others of its group have their answers; it is raised to who asked."""

    cause: Exception


GroupWork: TypeAlias = Callable[[LaneT, Sequence[ItemT]], Awaitable[Sequence[AnswerT | ItemBroke]]]
_Asked: TypeAlias = tuple[ItemT, "asyncio.Future[AnswerT]"]


class Gathering(Generic[LaneT, ItemT, AnswerT]):
    """One group under way a lane, of at most `most` items in the order in which they were asked for.

    `work(lane, items)` answers by position. What it raises is raised to all: of a commit that broke off nobody knows.
    It runs outside of the calls that asked, on the service's own account; who gives up waiting stops nothing.
    `is_refused` tells faults after which nothing was done, for a reason that one item may have brought in: then each
    is worked on alone, so that no other suffers from it.
    """

    def __init__(
        self,
        name: str,
        work: GroupWork[LaneT, ItemT, AnswerT],
        *,
        most: int,
        pace_seconds: float = 0.0,
        is_refused: Callable[[Exception], bool] = lambda _: False,
    ) -> None:
        self._name = name
        self._work = work
        self._most = most
        self._pace_seconds = pace_seconds
        # When each lane's last group began.
        self._begun: dict[LaneT, float] = {}
        self._is_refused = is_refused
        self._waiting: dict[LaneT, deque[_Asked[ItemT, AnswerT]]] = {}
        # The loop itself keeps no task alive.
        self._running: set[asyncio.Task[None]] = set()

    async def ask(self, lane: LaneT, item: ItemT) -> AnswerT:
        """The item's answer, or what its group or the item itself broke with."""
        answer: asyncio.Future[AnswerT] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(lane)
        if waiting is None:
            # It begins at the loop's next turn, with all that is asked for in this one.
            waiting = self._waiting[lane] = deque()
            task = asyncio.create_task(self._run(lane, waiting), name=f"{self._name} group", context=outside_call())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        waiting.append((item, answer))
        return await answer

    async def _run(self, lane: LaneT, waiting: deque[_Asked[ItemT, AnswerT]]) -> None:
        try:
            while waiting:
                await self._keep_pace(lane, len(waiting))
                group = [waiting.popleft() for _ in range(min(self._most, len(waiting)))]
                # Who has given up before the work began asks for nothing any more.
                await self._work_on(lane, [asked for asked in group if not asked[1].done()])
        finally:
            del self._waiting[lane]
            for _, answer in waiting:  # only when this task was cancelled, at the end of the process
                answer.cancel()

    async def _keep_pace(self, lane: LaneT, waiting: int) -> None:
        """A full group goes at once, and so does the first after a rest."""
        if not self._pace_seconds:
            return
        loop = asyncio.get_running_loop()
        if waiting < self._most and (pause := self._begun.get(lane, 0.0) + self._pace_seconds - loop.time()) > 0:
            await asyncio.sleep(pause)  # noqa: TID251 (a moment of the loop's own time)
        if len(self._begun) > _LANES_REMEMBERED:
            self._begun.clear()
        self._begun[lane] = loop.time()

    async def _work_on(self, lane: LaneT, group: list[_Asked[ItemT, AnswerT]]) -> None:
        if not group:
            return
        try:
            answers = await self._answers(lane, [item for item, _ in group])
        except asyncio.CancelledError:
            for _, answer in group:
                answer.cancel()
            raise
        for (_, waits), answered in zip(group, answers, strict=True):
            if waits.done():
                continue
            if isinstance(answered, ItemBroke):
                waits.set_exception(answered.cause)
            else:
                waits.set_result(answered)

    async def _answers(self, lane: LaneT, items: Sequence[ItemT]) -> Sequence[AnswerT | ItemBroke]:
        try:
            answers = await self._work(lane, items)
            assert len(answers) == len(items), "one answer for each item"
        except Exception as error:  # noqa: BLE001 (whatever it is, each asker hears it)
            if len(items) > 1 and self._is_refused(error):
                return [answer for item in items for answer in await self._answers(lane, [item])]
            return [ItemBroke(error)] * len(items)
        return answers
