"""Calls that take many: what is asked while one is under way goes together into the next, and no item fails another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence, Set
from typing import Generic, TypeAlias, TypeVar

import grpc

from services.contracts.reasons import Reason
from services.orders.adapters.grpc_answers import declined_or_raise
from services.orders.ports import Declined, Unanswered
from services.runtime.rpc.errors import refusal_of
from services.runtime.work.gathering import Gathering, ItemBroke

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")

# They tell of the way there, or of the moment, and not of what was asked.
_OF_THE_WAY = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED})

# Answers by position; raises grpc.aio.AioRpcError for all of them, or Unanswered.
CallMany: TypeAlias = Callable[[str, Sequence[ItemT]], Awaitable[Sequence[AnswerT | Declined | Unanswered]]]


class GatheredCalls(Generic[ItemT, AnswerT]):
    """Of one call to another service, a lane for each house and `lanes` of them. Made on the service's own account.

    A call that is refused for what it asks is made again item by item: one that can not be read fails no neighbour.
    """

    def __init__(
        self,
        name: str,
        call: CallMany[ItemT, AnswerT],
        *,
        most: int,
        lanes: int = 1,
        certain: Set[Reason] = frozenset(),
    ) -> None:
        """`certain`: reasons that prove of an item that is asked for alone that it was not and will not be done."""
        self._name = name
        self._certain = certain
        self._call = call
        self._lanes = lanes
        self._turn = 0
        self._gathering: Gathering[tuple[str, int], ItemT, AnswerT | Declined] = Gathering(
            name, self._many, most=most, is_refused=_is_of_items
        )

    async def ask(self, house_id: str, item: ItemT) -> AnswerT | Declined:
        """The item's answer. Raises Unanswered."""
        self._turn = (self._turn + 1) % self._lanes
        return await self._gathering.ask((house_id, self._turn), item)

    async def _many(self, lane: tuple[str, int], items: Sequence[ItemT]) -> Sequence[AnswerT | Declined | ItemBroke]:
        house_id, _ = lane
        try:
            answers = await self._call(house_id, items)
        except grpc.aio.AioRpcError as error:
            if len(items) > 1 and _is_of_items(error):
                raise
            # What is certain of a call is so of its only item; a call of many is never refused for one of these.
            return [declined_or_raise(self._name, error, self._certain)] * len(items)
        return [ItemBroke(answer) if isinstance(answer, Unanswered) else answer for answer in answers]


def _is_of_items(error: Exception) -> bool:
    """Whether it is refused for what is asked, which one item alone may have brought in."""
    if not isinstance(error, grpc.aio.AioRpcError) or error.code() in _OF_THE_WAY:
        return False
    refusal = refusal_of(error)
    return refusal is None or refusal.reason != Reason.OVERLOADED
