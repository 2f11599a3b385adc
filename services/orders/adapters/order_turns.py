"""What is asked of orders in one group commit, and what it makes of them in memory. Shared by both stores; no I/O.

Each item is decided on the order as the items before it left it, on behalf of whoever asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from services.orders.adapters.order_acts import told_acts
from services.orders.adapters.order_events import published
from services.orders.domain.changes import Change
from services.orders.domain.order import Order
from services.orders.domain.refusals import HoldHasOrder, UsesExhausted
from services.orders.ports import Act, Changed, KeyInRecord, Lease, OrderRef, RequestKey
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.work.gathering import ItemBroke


@dataclass(frozen=True, slots=True)
class NewOrder:
    """See OrderStore.add."""

    order: Order
    key: RequestKey
    next_step_at_ms: int


@dataclass(frozen=True, slots=True)
class AskedChange:
    """See OrderStore.change. `context`: whose call it is asked for in."""

    ref: OrderRef
    act: Act
    key: RequestKey | None = None
    lease: Lease | None = None
    take: bool = False
    context: Context = field(default_factory=copy_context)


@dataclass(frozen=True, slots=True)
class Postponement:
    """See OrderStore.postpone."""

    seen: Order
    lease: Lease
    until_ms: int
    in_vain: bool = True

    @property
    def ref(self) -> OrderRef:
        """Whose."""
        return OrderRef(self.seen.house_id, self.seen.order_id)


Asked: TypeAlias = NewOrder | AskedChange | Postponement
Outcome: TypeAlias = Changed | Refusal | KeyInRecord | HoldHasOrder | UsesExhausted | None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order with what its row knows of its next step."""

    order: Order
    next_step_at_ms: int | None
    failures: int = 0
    lease_token: str = ""
    lease_until_ms: int = 0


@dataclass(slots=True)
class OrderTurn:
    """One order's turn in a group: its row as it was read, as it is now, and all that has happened to it meanwhile."""

    before: OrderRow
    row: OrderRow
    changes: list[Change] = field(default_factory=list)

    @property
    def has_moved(self) -> bool:
        """Whether there is anything to write."""
        return self.row != self.before


def turn_of(row: OrderRow) -> OrderTurn:
    """Before anything has happened."""
    return OrderTurn(row, row)


def change_within(
    turn: OrderTurn, asked: AskedChange, told: list[OutgoingEvent], clock: Clock, ids: Ids
) -> Changed | Refusal | ItemBroke:
    """Runs the act; its events go to `told`. What it raises is its own caller's, and leaves the order as it was."""
    row = turn.row
    try:
        acted = asked.context.run(asked.act, row.order)
        if isinstance(acted, Refusal):
            return acted
        lease = asked.lease
        is_holder = lease is not None and row.lease_token == lease.token
        if not acted.changes:
            return Changed(acted.order, (), is_holder)
        # After the act, which says by the same clock when the next step is due.
        now_ms = clock.now_ms()
        events = published(row.order, acted.order, acted.changes)
        events += asked.context.run(lambda: told_acts(acted.order, acted.changes, now_ms=now_ms, ids=ids))
    except Exception as error:  # noqa: BLE001 (whatever it is, it is no other item's)
        return ItemBroke(error)
    after = replace(row, order=acted.order, next_step_at_ms=acted.next_step_at_ms, failures=0)
    kept = False
    if lease is not None and (is_holder or (asked.take and row.lease_until_ms <= lease.taken_ms)):
        kept = acted.next_step_at_ms is not None and acted.next_step_at_ms <= now_ms
        token, until_ms = (lease.token, lease.until_ms) if kept else ("", 0)
        after = replace(after, lease_token=token, lease_until_ms=until_ms)
    turn.row = after
    turn.changes += acted.changes
    told += events
    return Changed(acted.order, acted.changes, kept)


def postpone_within(turn: OrderTurn, asked: Postponement) -> None:
    """Gives the lease back; nothing happens where it was lost."""
    row, seen = turn.row, asked.seen
    if row.lease_token != asked.lease.token:
        return
    free = replace(row, lease_token="", lease_until_ms=0)
    if (row.order.state, row.order.state_since_ms) == (seen.state, seen.state_since_ms):
        # What has nothing left to do meanwhile, by somebody else's report, stays so.
        until_ms = None if row.next_step_at_ms is None else asked.until_ms
        turn.row = replace(free, next_step_at_ms=until_ms, failures=row.failures + 1 if asked.in_vain else 0)
    else:
        turn.row = replace(free, failures=0)


def apart(group: Sequence[Asked]) -> list[list[int]]:
    """The items' places, in rounds: what may meet on a key or a hold is in different ones, the earlier asked first.

    One order's items stay in their order: what follows one that comes later comes no earlier.
    """
    rounds: list[list[int]] = []
    after: dict[object, int] = {}
    for place, asked in enumerate(group):
        names = _met_on(asked)
        of_order = None if isinstance(asked, NewOrder) else asked.ref
        number = max((after.get(name, 0) for name in (*names, of_order)), default=0)
        after.update(dict.fromkeys(names, number + 1))
        if of_order is not None:
            after[of_order] = number
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(place)
    return rounds


def _met_on(asked: Asked) -> list[object]:
    names: list[object] = []
    if not isinstance(asked, Postponement) and asked.key is not None:
        names.append((asked.key.house_id, asked.key.operation, asked.key.key))
    if isinstance(asked, NewOrder):
        names += [(part.performance_id, part.hold_id) for part in asked.order.parts]
    return names
