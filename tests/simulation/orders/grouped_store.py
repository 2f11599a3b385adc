"""One process's face of the record in memory: groups as the real store makes them, each committed in one moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from services.orders.adapters.memory_order_store import MemoryOrderStore
from services.orders.adapters.order_commits import OrderCommits
from services.orders.adapters.order_turns import Asked, AskedChange, NewOrder, Outcome, Postponement
from services.orders.domain.order import Order, OrderState
from services.orders.domain.refusals import HoldHasOrder, UsesExhausted
from services.orders.ports import (
    Act,
    Changed,
    KeyInRecord,
    Lease,
    LeasedOrder,
    Operation,
    OrderFilter,
    OrderRef,
    RequestKey,
)
from services.runtime.errors import Refusal
from services.runtime.work.gathering import ItemBroke

# What happens on the way to the record and back; see Weather.record.
Way = Callable[[str, Callable[[], Awaitable[Any]]], Awaitable[Any]]


def committed(record: MemoryOrderStore, group: Sequence[Asked]) -> list[Outcome | ItemBroke]:
    """A group comes to the very same as its items one by one, in the order asked."""
    alone = record.copy()
    answers = record.commit(group)
    assert [alone.commit([asked])[0] for asked in group] == answers, "another answer than alone"
    assert alone.all_rows() == record.all_rows(), "another record than one by one"
    return answers


class GroupedOrderStore:
    """See OrderStore. Only groups go through `way`: it may end the process before the commit or after it."""

    def __init__(self, record: MemoryOrderStore, way: Way) -> None:
        self.record = record
        self.way = way
        self.groups: list[int] = []
        self._commits = OrderCommits(self.commit)

    async def commit(self, house_id: str, group: Sequence[Asked]) -> Sequence[Outcome | ItemBroke]:
        """All of it or nothing."""
        self.groups.append(len(group))

        async def commit() -> Sequence[Outcome | ItemBroke]:
            return committed(self.record, group)

        answers: Sequence[Outcome | ItemBroke] = await self.way("commit", commit)
        return answers

    async def add(
        self, order: Order, key: RequestKey, next_step_at_ms: int
    ) -> KeyInRecord | HoldHasOrder | UsesExhausted | None:
        answer = await self._commits.ask(order.house_id, NewOrder(order, key, next_step_at_ms))
        assert answer is None or isinstance(answer, KeyInRecord | HoldHasOrder | UsesExhausted)
        return answer

    async def change(
        self, ref: OrderRef, act: Act, *, key: RequestKey | None = None, lease: Lease | None = None, take: bool = False
    ) -> Changed | Refusal | KeyInRecord | None:
        return await self._commits.ask(ref.house_id, AskedChange(ref, act, key, lease, take))

    async def postpone(self, seen: Order, lease: Lease, until_ms: int, *, in_vain: bool = True) -> None:
        await self._commits.ask(seen.house_id, Postponement(seen, lease, until_ms, in_vain))

    async def find_key(self, house_id: str, operation: Operation, key: str) -> KeyInRecord | None:
        return await self.record.find_key(house_id, operation, key)

    async def lease_due(self, lease: Lease, limit: int) -> Sequence[LeasedOrder]:
        leased: Sequence[LeasedOrder] = await self.way("lease_due", lambda: self.record.lease_due(lease, limit))
        return leased

    async def get(self, ref: OrderRef) -> Order | None:
        return await self.record.get(ref)

    async def list_orders(self, wanted: OrderFilter) -> Sequence[Order]:
        return await self.record.list_orders(wanted)

    async def has_old_buyers(self, house_id: str) -> bool:
        return await self.record.has_old_buyers(house_id)

    async def states_of(self, refs: Sequence[OrderRef]) -> Mapping[OrderRef, OrderState]:
        return await self.record.states_of(refs)

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        return await self.record.purge_keys(created_before_ms, limit)

    async def unresolved_counts(self) -> Mapping[OrderState, int]:
        return await self.record.unresolved_counts()
