"""Writes what is asked of many orders in one transaction: one statement a table, whatever the number of orders.

Locks are taken in one order by everybody: keys, orders, holds, counts, each sorted. So groups that meet wait for
each other, and never in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.adapters import order_statements as sql
from services.orders.adapters.known_rows import KnownRows, Seen, not_in
from services.orders.adapters.order_events import created
from services.orders.adapters.order_rows import (
    Row,
    ended_tickets,
    fixed_columns,
    lowered_uses,
    moved_parts,
    moving_columns,
    order_of,
    part_rows,
    refund_rows,
    ticket_rows,
)
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
from services.orders.adapters.tables import tickets
from services.orders.adapters.use_counter import UseCounter
from services.orders.domain.changes import OrderConfirmed
from services.orders.domain.order import Order
from services.orders.domain.refusals import HoldHasOrder
from services.orders.ports import Changed, KeyInRecord, OrderRef, RequestKey
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import ENQUEUE_MAX_EVENTS, enqueue
from services.runtime.sql.row_arrays import insert_rows
from services.runtime.work.gathering import ItemBroke


class Again(Enum):
    """What was in an item's way is gone by now: it is to be asked once more."""

    AGAIN = "again"


Answered: TypeAlias = Outcome | ItemBroke | Again


class OrderGroup:
    """One group on one connection, as long as its transaction. No two of its items meet on a key or on a hold."""

    def __init__(
        self, connection: AsyncConnection, group: Sequence[Asked], known: KnownRows, clock: Clock, ids: Ids
    ) -> None:
        self._connection = connection
        self._group = group
        self._known = known
        self._clock = clock
        self._ids = ids
        self._answers: dict[int, Answered] = {}
        self._turns: dict[OrderRef, OrderTurn] = {}
        self._counter = UseCounter(connection)
        self.events: list[OutgoingEvent] = []
        # The rows as they are once this is committed.
        self.seen: dict[OrderRef, Seen] = {}
        # Whether there is anything to commit.
        self.has_written = False

    async def write(self) -> list[Answered]:
        """The answers by position, true once the transaction is committed."""
        keyed = await self._take_keys()
        await self._read_orders()
        self._act()
        added = await self._add_orders()
        moved = [turn for turn in self._turns.values() if turn.has_moved]
        await self._move(moved)
        await self._free_keys(keyed)
        self.has_written = bool(added or moved)
        # Last, so that the time between numbering and commit is short.
        for first in range(0, len(self.events), ENQUEUE_MAX_EVENTS):
            some = self.events[first : first + ENQUEUE_MAX_EVENTS]
            await enqueue(self._connection, some, now_ms=self._clock.now_ms(), ids=self._ids)
        return [self._answers[place] for place in range(len(self._group))]

    def _unanswered(self) -> Iterable[tuple[int, Asked]]:
        return ((place, asked) for place, asked in enumerate(self._group) if place not in self._answers)

    async def _take_keys(self) -> dict[int, RequestKey]:
        """The keys that are this group's now; who comes with a key that was used before is answered."""
        wanted = {
            place: (asked.key, asked.order.order_id if isinstance(asked, NewOrder) else asked.ref.order_id)
            for place, asked in enumerate(self._group)
            if not isinstance(asked, Postponement) and asked.key is not None
        }
        if not wanted:
            return {}
        rows = [
            {
                "house_id": key.house_id,
                "operation": key.operation.value,
                "key": key.key,
                "request_hash": key.request_hash,
                "order_id": order_id,
                "busy_until_ms": key.busy_until_ms,
                "created_at_ms": self._clock.now_ms(),
            }
            for key, order_id in wanted.values()
        ]
        done = await self._connection.execute(sql.TAKE_KEYS, sql.key_rows(rows))
        taken = {(row.operation, row.key) for row in done}
        keys = {place: key for place, (key, _) in wanted.items()}
        used = {place: key for place, key in keys.items() if (key.operation.value, key.key) not in taken}
        if used:
            known = await keys_in_record(self._connection, used.values())
            for place, key in used.items():
                self._answers[place] = known.get(key_name(key), Again.AGAIN)
        return {place: key for place, key in keys.items() if place not in used}

    async def _read_orders(self) -> None:
        """Under their locks, as they are by then."""
        refs = {asked.ref for _, asked in self._unanswered() if not isinstance(asked, NewOrder)}
        if not refs:
            return
        locked = await self._connection.execute(sql.LOCK_MANY, sql.wanted(ref_rows(refs)))
        versions = {OrderRef(row.house_id, row.order_id): row.version for row in locked}
        self.seen = self._known.still(versions)
        if others := not_in(versions, self.seen):
            self.seen |= await read_rows(self._connection, others)
        self._turns = {ref: turn_of(row) for ref, (_, row) in self.seen.items()}

    def _act(self) -> None:
        """In the order asked: two changes of one order see each other."""
        for place, asked in list(self._unanswered()):
            if isinstance(asked, NewOrder):
                continue
            turn = self._turns.get(asked.ref)
            if turn is None:
                self._answers[place] = None
            elif isinstance(asked, AskedChange):
                self._answers[place] = change_within(turn, asked, self.events, self._clock, self._ids)
            else:
                postpone_within(turn, asked)
                self._answers[place] = None

    async def _add_orders(self) -> list[Order]:
        """Those that are stored now; holds first, for their index says whether they are free, then what is counted."""
        wanted = {place: asked for place, asked in self._unanswered() if isinstance(asked, NewOrder)}
        if wanted:
            await self._add_parts(wanted)
        moved = [turn for turn in self._turns.values() if turn.row.order.counts_other_uses_than(turn.before.order)]
        asking = [asked.order for place, asked in wanted.items() if place not in self._answers]
        await self._counter.lock([*asking, *(turn.row.order for turn in moved)])
        for turn in moved:
            self._counter.move(turn.before.order, turn.row.order)
        refused: list[str] = []
        added: list[NewOrder] = []
        for place, asked in wanted.items():
            if place in self._answers:
                refused.append(asked.order.order_id)
            elif exhausted := self._counter.take(asked.order):
                self._answers[place] = exhausted
                refused.append(asked.order.order_id)
            else:
                self._answers[place] = None
                added.append(asked)
        await self._counter.write()
        if refused:
            await self._connection.execute(sql.DROP_PARTS, {"these": refused})
        if added:
            stored = await self._connection.execute(
                sql.ADD_ORDERS, sql.new_orders([_new_row(asked) for asked in added])
            )
            rows = {asked.order.order_id: OrderRow(asked.order, asked.next_step_at_ms) for asked in added}
            self._note(rows, stored.all())
        self.events += [event for asked in added for event in created(asked.order)]
        return [asked.order for asked in added]

    async def _add_parts(self, wanted: dict[int, NewOrder]) -> None:
        """Who comes for a hold that another order uses is answered."""
        rows = {place: part_rows(asked.order) for place, asked in wanted.items()}
        values = sql.new_parts([row for of_order in rows.values() for row in of_order])
        stored = {(row.order_id, row.performance_id) for row in await self._connection.execute(sql.ADD_PARTS, values)}
        in_use = {
            place: [row for row in of_order if (row["order_id"], row["performance_id"]) not in stored]
            for place, of_order in rows.items()
        }
        if not any(in_use.values()):
            return
        holds = sql.holds_of([row for of_order in in_use.values() for row in of_order])
        found = {
            (user.performance_id, user.hold_id): user
            for user in (await self._connection.execute(sql.USERS_OF_HOLDS, holds)).all()
        }
        for place, of_order in in_use.items():
            for row in sorted(of_order, key=_hold_of)[:1]:
                user = found.get(_hold_of(row))
                self._answers[place] = (
                    Again.AGAIN if user is None else HoldHasOrder(row["hold_id"], user.order_id, user.state)
                )

    async def _move(self, moved: Sequence[OrderTurn]) -> None:
        if not moved:
            return
        pairs = [(turn.before.order, turn.row.order) for turn in moved]
        # Before the orders: a trigger takes what their sums have more than their refunds for a refund that a process of
        # the release before has written, and adds it.
        if owed := [row for before, after in pairs for row in refund_rows(before, after)]:
            await self._connection.execute(sql.KEEP_REFUNDS, sql.kept_refunds(owed))
        values = sql.moved_orders([_moved_row(turn.row) for turn in moved])
        if parts := [row for before, after in pairs for row in moved_parts(before, after)]:
            stored = await self._connection.execute(sql.MOVE_WITH_PARTS, values | sql.moved_parts(parts))
        else:
            stored = await self._connection.execute(sql.MOVE, values)
        self._note({turn.row.order.order_id: turn.row for turn in moved}, stored.all())
        if lowered := [row for before, after in pairs for row in lowered_uses(before, after)]:
            await self._connection.execute(sql.LOWER_USES, sql.lowered_uses(lowered))
        await self._write_tickets(moved)

    def _note(self, rows: Mapping[str, OrderRow], stored: Sequence[Any]) -> None:
        for order_id, version in stored:
            row = rows[order_id]
            self.seen[OrderRef(row.order.house_id, order_id)] = version, row

    async def _write_tickets(self, moved: Sequence[OrderTurn]) -> None:
        confirmed = [
            turn.row.order for turn in moved if any(isinstance(change, OrderConfirmed) for change in turn.changes)
        ]
        if rows := [row for order in confirmed for row in ticket_rows(order)]:
            await self._connection.execute(*insert_rows(tickets, rows))
        ended = [
            OrderRef(turn.row.order.house_id, turn.row.order.order_id)
            for turn in moved
            if turn.before.order.tickets_are_valid and not turn.row.order.tickets_are_valid
        ]
        if ended:
            await self._connection.execute(sql.END_TICKETS, sql.wanted(ref_rows(ended)))
        if some := [row for turn in moved for row in ended_tickets(turn.before.order, turn.row.order)]:
            await self._connection.execute(sql.END_SOME_TICKETS, sql.ended_tickets(some))

    async def _free_keys(self, keyed: dict[int, RequestKey]) -> None:
        """A key that led to nothing is free again."""
        idle = [key for place, key in keyed.items() if not self._has_led_to_something(place)]
        if idle:
            await self._connection.execute(sql.FREE_KEYS, sql.keys_of(key_rows(idle)))

    def _has_led_to_something(self, place: int) -> bool:
        answer = self._answers[place]
        if isinstance(self._group[place], NewOrder):
            return answer is None
        return isinstance(answer, Changed) and bool(answer.changes)


async def read_rows(connection: AsyncConnection, refs: Iterable[OrderRef]) -> dict[OrderRef, Seen]:
    """Those that are there."""
    rows = (await connection.execute(sql.MANY, sql.wanted(ref_rows(refs)))).mappings()
    return {OrderRef(row["house_id"], row["order_id"]): (row["version"], _order_row(row)) for row in rows}


def ref_rows(refs: Iterable[OrderRef]) -> list[dict[str, str]]:
    """As the statements want them."""
    return [{"house_id": ref.house_id, "order_id": ref.order_id} for ref in refs]


def key_rows(keys: Iterable[RequestKey]) -> list[dict[str, str]]:
    """As the statements want them."""
    return [{"house_id": key.house_id, "operation": key.operation.value, "key": key.key} for key in keys]


def key_name(key: RequestKey) -> tuple[str, str, str]:
    """By which it is found."""
    return key.house_id, key.operation.value, key.key


async def keys_in_record(
    connection: AsyncConnection, keys: Iterable[RequestKey]
) -> dict[tuple[str, str, str], KeyInRecord]:
    """What is known of each that was used before, by its name."""
    rows = (await connection.execute(sql.FIND_KEYS, sql.keys_of(key_rows(keys)))).all()
    return {
        (row.house_id, row.operation, row.key): KeyInRecord(row.request_hash, row.order_id, row.busy_until_ms)
        for row in rows
    }


def _hold_of(row: Row) -> tuple[str, str]:
    return row["performance_id"], row["hold_id"]


def _order_row(row: Row) -> OrderRow:
    return OrderRow(
        order_of(row), row["next_step_at_ms"], row["step_failures"], row["lease_token"], row["lease_until_ms"]
    )


def _moved_row(row: OrderRow) -> dict[str, Any]:
    return {
        "house_id": row.order.house_id,
        "order_id": row.order.order_id,
        **moving_columns(row.order),
        "next_step_at_ms": row.next_step_at_ms,
        "step_failures": row.failures,
        "lease_token": row.lease_token,
        "lease_until_ms": row.lease_until_ms,
    }


def _new_row(asked: NewOrder) -> dict[str, Any]:
    return {
        **fixed_columns(asked.order),
        **moving_columns(asked.order),
        # For processes of the release before; customers' own service has them.
        "customer_name": "",
        "customer_email": "",
        "next_step_at_ms": asked.next_step_at_ms,
        "step_failures": 0,
        "lease_token": "",
        "lease_until_ms": 0,
    }
