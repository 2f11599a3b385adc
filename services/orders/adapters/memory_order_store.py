"""The OrderStore's twin in memory, for tests and simulation. A method is one step of the loop, so one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.orders.adapters.order_events import created, published
from services.orders.domain.order import FINAL_STATES, Order, OrderState
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
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.outbox.event import OutgoingEvent


@dataclass(slots=True)
class _Row:
    order: Order
    next_step_at_ms: int | None
    failures: int = 0
    lease_token: str = ""
    lease_until_ms: int = 0


class MemoryOrderStore:
    """See OrderStore. `events` is what the outbox would hold, in order; `used` the counted uses."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: dict[OrderRef, _Row] = {}
        self._keys: dict[tuple[str, Operation, str], tuple[KeyInRecord, int]] = {}
        self._valid_seats: dict[tuple[str, str], str] = {}
        self.events: list[OutgoingEvent] = []
        self.used: Counter[tuple[str, str]] = Counter()

    async def add(
        self, order: Order, key: RequestKey, next_step_at_ms: int
    ) -> KeyInRecord | HoldHasOrder | UsesExhausted | None:
        known = await self.find_key(key.house_id, key.operation, key.key)
        if known is not None:
            return known
        wanted = _holds(order)
        for row in self._rows.values():
            if both := sorted(wanted & _holds(row.order)):
                return HoldHasOrder(both[0][2], row.order.order_id, row.order.state.value)
        if exhausted := self._take_uses(order):
            return exhausted
        assert self._take_key(key, order.order_id)
        self._rows[OrderRef(order.house_id, order.order_id)] = _Row(order, next_step_at_ms)
        self.events += created(order)
        return None

    def _take_uses(self, order: Order) -> UsesExhausted | None:
        for use in order.uses:
            used = self.used[order.house_id, use.counted_id]
            if use.limit and used + use.count > use.limit:
                return UsesExhausted(use.counted_id, max(0, use.limit - used), use.count)
        self._count(order, 1)
        return None

    def _count(self, order: Order, sign: int) -> None:
        for use in order.uses:
            self.used[order.house_id, use.counted_id] += sign * use.count

    def _take_key(self, key: RequestKey, order_id: str) -> bool:
        name = (key.house_id, key.operation, key.key)
        if name in self._keys:
            return False
        self._keys[name] = (KeyInRecord(key.request_hash, order_id, key.busy_until_ms), self._clock.now_ms())
        return True

    async def find_key(self, house_id: str, operation: Operation, key: str) -> KeyInRecord | None:
        known = self._keys.get((house_id, operation, key))
        return known[0] if known else None

    async def change(
        self, ref: OrderRef, act: Act, *, key: RequestKey | None = None, lease: Lease | None = None, take: bool = False
    ) -> Changed | Refusal | KeyInRecord | None:
        if key is not None and (known := await self.find_key(key.house_id, key.operation, key.key)) is not None:
            return known
        row = self._rows.get(ref)
        if row is None:
            return None
        acted = act(row.order)
        if isinstance(acted, Refusal):
            return acted
        mine = lease is not None and row.lease_token == lease.token
        if not acted.changes:
            return Changed(acted.order, (), mine)
        if key is not None:
            assert self._take_key(key, ref.order_id)
        holds = mine or (lease is not None and take and row.lease_until_ms <= lease.taken_ms)
        kept = holds and acted.next_step_at_ms is not None and acted.next_step_at_ms <= self._clock.now_ms()
        if lease is not None and holds:
            row.lease_token = lease.token if kept else ""
            row.lease_until_ms = lease.until_ms if kept else 0
        before = row.order
        self._keep_seats(before, acted.order)
        for name, count in acted.order.uses_that_count.items():
            self.used[before.house_id, name] += count
        for name, count in before.uses_that_count.items():
            self.used[before.house_id, name] -= count
        row.order, row.next_step_at_ms, row.failures = acted.order, acted.next_step_at_ms, 0
        self.events += published(before, acted.order, acted.changes)
        return Changed(acted.order, acted.changes, kept)

    def _keep_seats(self, before: Order, after: Order) -> None:
        """The unique index on valid tickets."""
        had, has = _valid_seats(before), _valid_seats(after)
        assert not any(seat in self._valid_seats for seat in has - had), "two valid tickets for one seat"
        self._valid_seats.update(dict.fromkeys(has - had, after.order_id))
        for seat in had - has:
            del self._valid_seats[seat]

    async def lease_due(self, lease: Lease, limit: int) -> Sequence[LeasedOrder]:
        due = [
            (row.next_step_at_ms, row.order.order_id, row)
            for row in self._rows.values()
            if row.next_step_at_ms is not None
            and row.next_step_at_ms <= lease.taken_ms
            and row.lease_until_ms <= lease.taken_ms
        ]
        rows = [row for _, _, row in sorted(due, key=lambda one: one[:2])[:limit]]
        for row in rows:
            row.lease_token, row.lease_until_ms = lease.token, lease.until_ms
        return [LeasedOrder(row.order, row.failures) for row in rows]

    async def postpone(self, seen: Order, lease: Lease, until_ms: int) -> None:
        row = self._rows[OrderRef(seen.house_id, seen.order_id)]
        if row.lease_token != lease.token:
            return
        row.lease_token, row.lease_until_ms = "", 0
        if (row.order.state, row.order.state_since_ms) == (seen.state, seen.state_since_ms):
            if row.next_step_at_ms is not None:
                row.next_step_at_ms = until_ms
            row.failures += 1
        else:
            row.failures = 0

    async def get(self, ref: OrderRef) -> Order | None:
        row = self._rows.get(ref)
        return row.order if row else None

    async def list_orders(self, wanted: OrderFilter) -> Sequence[Order]:
        found = [
            row.order
            for row in self._rows.values()
            if row.order.house_id == wanted.house_id
            and wanted.performance_id in {"", *(part.performance_id for part in row.order.parts)}
            and (not wanted.states or row.order.state in wanted.states)
            and wanted.customer_id in {"", row.order.customer_id}
            and (wanted.after is None or _place(row.order) < wanted.after)
        ]
        return sorted(found, key=_place, reverse=True)[: wanted.limit]

    async def has_old_buyers(self, house_id: str) -> bool:
        return False

    async def states_of(self, refs: Sequence[OrderRef]) -> Mapping[OrderRef, OrderState]:
        return {ref: self._rows[ref].order.state for ref in refs if ref in self._rows}

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        old = [name for name, (_, created_at_ms) in self._keys.items() if created_at_ms < created_before_ms][:limit]
        for name in old:
            del self._keys[name]
        return len(old)

    async def unresolved_counts(self) -> Mapping[OrderState, int]:
        counts: dict[OrderState, int] = {}
        for row in self._rows.values():
            state = row.order.state
            if row.next_step_at_ms is not None and state not in FINAL_STATES and state is not OrderState.OPEN:
                counts[state] = counts.get(state, 0) + 1
        return counts

    def all_orders(self) -> list[Order]:
        """Every order of every house; for auditors of simulations."""
        return [row.order for row in self._rows.values()]


def _holds(order: Order) -> set[tuple[str, str, str]]:
    """The unique index on the holds that are in use."""
    return {(order.house_id, part.performance_id, part.hold_id) for part in order.parts if order.uses_hold(part)}


def _valid_seats(order: Order) -> set[tuple[str, str]]:
    if not order.tickets_are_valid:
        return set()
    return {(part.performance_id, seat_id) for part in order.parts for seat_id in part.valid_seat_ids}


def _place(order: Order) -> tuple[int, str]:
    return order.created_at_ms, order.order_id
