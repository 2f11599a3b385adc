"""Commits what is asked of orders in groups: one in flight a house, and what comes meanwhile is the next.

Nobody hears an answer before its group is committed. One item that the database refuses fails no neighbour: its group
is written again one by one. A group of which nobody knows whether it was committed is unknown for all of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from services.orders.adapters.order_group import Again, Answered
from services.orders.adapters.order_turns import Asked, Outcome, apart
from services.runtime.errors import Retryable, StoreUnavailable
from services.runtime.telemetry.logging import get_logger
from services.runtime.work.gathering import Gathering, ItemBroke

MOST_ITEMS = 128
_TRIES = 5

_log = get_logger("order_commits")

# Writes a house's group in one transaction, all of it or nothing; answers by position, once it is committed.
Commit = Callable[[str, Sequence[Asked]], Awaitable[Sequence[Answered]]]


class OrderCommits:
    """One per store. A lane is a house's, so that each transaction stays behind the wall between houses."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._gathering: Gathering[str, Asked, Outcome] = Gathering("orders", self._written, most=MOST_ITEMS)

    async def ask(self, house_id: str, asked: Asked) -> Outcome:
        """What was committed, or why nothing was. Raises StoreUnavailable: then nobody knows."""
        return await self._gathering.ask(house_id, asked)

    async def _written(self, house_id: str, group: Sequence[Asked]) -> Sequence[Outcome | ItemBroke]:
        answers: dict[int, Outcome | ItemBroke] = {}
        for places in apart(group):
            written = await self._round(house_id, [group[place] for place in places])
            answers |= zip(places, written, strict=True)
        return [answers[place] for place in range(len(group))]

    async def _round(self, house_id: str, group: Sequence[Asked]) -> Sequence[Outcome | ItemBroke]:
        try:
            answers = await self._commit(house_id, group)
        except Exception as error:  # noqa: BLE001 (each of them is told)
            if len(group) == 1 or isinstance(error, Retryable):
                return [ItemBroke(error)] * len(group)
            # Refused, so nothing of it is written.
            _log.warning("group_refused", items=len(group), error=type(error).__name__)
            return [await self._alone(house_id, asked) for asked in group]
        return [
            await self._alone(house_id, asked) if isinstance(answer, Again) else answer
            for asked, answer in zip(group, answers, strict=True)
        ]

    async def _alone(self, house_id: str, asked: Asked) -> Outcome | ItemBroke:
        for _ in range(_TRIES):
            try:
                (answer,) = await self._commit(house_id, [asked])
            except Exception as error:  # noqa: BLE001 (as above)
                return ItemBroke(error)
            if not isinstance(answer, Again):
                return answer
        return ItemBroke(StoreUnavailable())
