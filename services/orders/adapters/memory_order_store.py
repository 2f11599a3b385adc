"""The OrderStore's twin in memory, for tests and simulation. A method is one step of the loop, so one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.orders.adapters.order_events import created
from services.orders.adapters.order_turns import (
    Asked,
    AskedChange,
    NewOrder,
    OrderRow,
    OrderTurn,
    Outcome,
    Postponement,
    change_within,
    postpone_within,
    turn_of,
)
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
from services.runtime.bus.topics import ORDERS
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.ids import Ids, RandomIds
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.work.gathering import ItemBroke


class MemoryOrderStore:
    """See OrderStore. `events` and `acts` are what the outbox would hold, in order; `used` the counted uses."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ids: Ids = RandomIds()
        self._rows: dict[OrderRef, OrderRow] = {}
        self._keys: dict[tuple[str, Operation, str], tuple[KeyInRecord, int]] = {}
        self._valid_seats: dict[tuple[str, str], str] = {}
        self.events: list[OutgoingEvent] = []
        self.acts: list[OutgoingEvent] = []
        self.used: Counter[tuple[str, str]] = Counter()

    def commit(self, group: Sequence[Asked]) -> list[Outcome | ItemBroke]:
        """A group as the real store writes it, at once. No two of its items meet on a key or on a hold."""
        turns: dict[OrderRef, OrderTurn] = {}
        told: list[OutgoingEvent] = []
        answers: list[Outcome | ItemBroke] = []
        for asked in group:
            if isinstance(asked, NewOrder):
                answers.append(self._add(asked, told))
                continue
            row = self._rows.get(asked.ref)
            turn = turns.setdefault(asked.ref, turn_of(row)) if row is not None else None
            if turn is None:
                answers.append(None)
            elif isinstance(asked, AskedChange):
                answers.append(self._change(turn, asked, told))
            else:
                postpone_within(turn, asked)
                answers.append(None)
        for ref, turn in turns.items():
            self._write(ref, turn)
        self.events += [event for event in told if event.topic == ORDERS]
        self.acts += [event for event in told if event.topic != ORDERS]
        return answers

    def _change(
        self, turn: OrderTurn, asked: AskedChange, told: list[OutgoingEvent]
    ) -> Changed | Refusal | KeyInRecord | ItemBroke:
        key = asked.key
        if key is not None and (known := self._keys.get((key.house_id, key.operation, key.key))) is not None:
            return known[0]
        changed = change_within(turn, asked, told, self._clock, self._ids)
        if key is not None and isinstance(changed, Changed) and changed.changes:
            assert self._take_key(key, asked.ref.order_id)
        return changed

    def _write(self, ref: OrderRef, turn: OrderTurn) -> None:
        before, after = turn.before.order, turn.row.order
        self._keep_seats(before, after)
        for name, count in after.uses_that_count.items():
            self.used[before.house_id, name] += count
        for name, count in before.uses_that_count.items():
            self.used[before.house_id, name] -= count
        self._rows[ref] = turn.row

    def _add(self, asked: NewOrder, told: list[OutgoingEvent]) -> KeyInRecord | HoldHasOrder | UsesExhausted | None:
        order, key = asked.order, asked.key
        known = self._keys.get((key.house_id, key.operation, key.key))
        if known is not None:
            return known[0]
        wanted = _holds(order)
        for row in self._rows.values():
            if both := sorted(wanted & _holds(row.order)):
                return HoldHasOrder(both[0][2], row.order.order_id, row.order.state.value)
        if exhausted := self._take_uses(order):
            return exhausted
        assert self._take_key(key, order.order_id)
        self._rows[OrderRef(order.house_id, order.order_id)] = OrderRow(order, asked.next_step_at_ms)
        told += created(order)
        return None

    def _alone(self, asked: Asked) -> Outcome:
        (answer,) = self.commit([asked])
        if isinstance(answer, ItemBroke):
            raise answer.cause
        return answer

    async def add(
        self, order: Order, key: RequestKey, next_step_at_ms: int
    ) -> KeyInRecord | HoldHasOrder | UsesExhausted | None:
        answer = self._alone(NewOrder(order, key, next_step_at_ms))
        assert answer is None or isinstance(answer, KeyInRecord | HoldHasOrder | UsesExhausted)
        return answer

    def _take_uses(self, order: Order) -> UsesExhausted | None:
        for use in order.uses:
            used = self.used[order.house_id, use.counted_id]
            if use.limit and used + use.count > use.limit:
                return UsesExhausted(use.counted_id, max(0, use.limit - used), use.count)
        for use in order.uses:
            self.used[order.house_id, use.counted_id] += use.count
        return None

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
        answer = self._alone(AskedChange(ref, act, key, lease, take))
        assert not isinstance(answer, HoldHasOrder | UsesExhausted)
        return answer

    def _keep_seats(self, before: Order, after: Order) -> None:
        """The unique index on valid tickets."""
        had, has = _valid_seats(before), _valid_seats(after)
        assert not any(seat in self._valid_seats for seat in has - had), "two valid tickets for one seat"
        self._valid_seats.update(dict.fromkeys(has - had, after.order_id))
        for seat in had - has:
            del self._valid_seats[seat]

    async def lease_due(self, lease: Lease, limit: int) -> Sequence[LeasedOrder]:
        due = [
            (row.next_step_at_ms, row.order.order_id, ref)
            for ref, row in self._rows.items()
            if row.next_step_at_ms is not None
            and row.next_step_at_ms <= lease.taken_ms
            and row.lease_until_ms <= lease.taken_ms
        ]
        refs = [ref for _, _, ref in sorted(due, key=lambda one: one[:2])[:limit]]
        for ref in refs:
            self._rows[ref] = replace(self._rows[ref], lease_token=lease.token, lease_until_ms=lease.until_ms)
        return [LeasedOrder(self._rows[ref].order, self._rows[ref].failures) for ref in refs]

    async def postpone(self, seen: Order, lease: Lease, until_ms: int, *, in_vain: bool = True) -> None:
        self._alone(Postponement(seen, lease, until_ms, in_vain))

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

    def copy(self) -> MemoryOrderStore:
        """As it is now; what happens to one is nothing to the other."""
        twin = MemoryOrderStore(self._clock)
        twin._rows, twin._keys, twin._valid_seats = dict(self._rows), dict(self._keys), dict(self._valid_seats)
        twin.events, twin.acts, twin.used = list(self.events), list(self.acts), Counter(self.used)
        return twin

    def all_rows(self) -> dict[OrderRef, OrderRow]:
        """Every order's, for auditors of simulations."""
        return dict(self._rows)

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
