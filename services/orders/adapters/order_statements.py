"""The order store's hot SQL, built once: a statement object that is made anew costs more than its execution."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, insert

from services.orders.adapters.tables import counted_uses, order_parts, orders, refunds, request_keys, tickets
from services.orders.domain.order import FINAL_STATES, OrderState
from services.runtime.sql.row_arrays import RowArrays, inserting

_PERSONAL = {"customer_name", "customer_email"}
# Read by the release before only; parts and refunds have them.
_OF_PARTS = {"performance_id", "hold_id", "plan_version", "lines", "seat_names", "hold_until_ms", "seats", "uses_hold"}
_OF_REFUNDS = {"refund_reason", "refunded_minor"}
_COLUMNS = [column for column in orders.c if column.name not in _PERSONAL | _OF_PARTS | _OF_REFUNDS]


def _of_house(table: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Checked, and never looked up by: as an equal it would lead to all of the house, by an index that begins with it,
    where a planner that knows nothing of a table takes that for as good as the key."""
    return table.c.house_id.is_not_distinct_from(other.c.house_id)


def _rows_of(table: sa.Table, *names: str) -> sa.Label[Any]:
    """The rows of `table` that belong to the order, as arrays of the named columns, in their places."""
    row = sa.func.jsonb_build_array(*(table.c[name] for name in names))
    of_order = (table.c.order_id == orders.c.order_id) & _of_house(table, orders)
    rows = sa.select(sa.func.jsonb_agg(aggregate_order_by(row, table.c.place))).where(of_order)
    return rows.correlate(orders).scalar_subquery().label(table.name.removeprefix("order_"))


_ROWS = (
    _rows_of(
        order_parts,
        "performance_id",
        "hold_id",
        "plan_version",
        "lines",
        "hold_until_ms",
        "seats",
        "priced",
        "line_states",
    ),
    _rows_of(tickets, "performance_id", "ticket_id", "seat_id", "barcode", "passed_on"),
    _rows_of(
        refunds,
        "refund_id",
        "amount_minor",
        "made_by",
        "state",
        "reason",
        "lines",
        "changed_at_ms",
        "route",
        "shares",
        "act_id",
    ),
)
_MOVING = (
    "hold_until_ms", "state", "seats", "uses_hold", "payment", "pay_until_ms", "return_url", "charges", "pays_by",
    "exchange",
    "payment_id", "payment_url", "cancel_reason", "refund_reason", "refunded_minor", "dispute", "confirmed_at_ms",
    "state_since_ms", "next_step_at_ms", "step_failures", "lease_token", "lease_until_ms",
)  # fmt: skip
_QUIET = [state.value for state in (*FINAL_STATES, OrderState.OPEN)]

# An order as order_rows.order_of reads it: nothing personal.
ORDER = sa.select(*_COLUMNS, *_ROWS)
# No two rows that were ever committed have the same: who wrote it, and where. What belongs to an order moves with it.
_VERSION: sa.Label[str] = sa.literal_column("orders.xmin::text || orders.ctid::text").label("version")
_WANTED = RowArrays([orders.c.house_id, orders.c.order_id], "wanted")
wanted = _WANTED.values
_IS_WANTED = (orders.c.order_id == _WANTED.table.c.order_id) & _of_house(orders, _WANTED.table)
# Those of many orders that are there, each of the house that is named with it.
MANY = ORDER.add_columns(_VERSION).join(_WANTED.table, _IS_WANTED)
# Their versions, for who may know the rest.
VERSIONS = sa.select(orders.c.house_id, orders.c.order_id, _VERSION).join(_WANTED.table, _IS_WANTED)
# Locked in one order by everybody, so that groups that meet on the same orders wait instead of deadlocking. What
# belongs to them is read under the lock, by a statement of its own: in this one it would be as before the wait.
LOCK_MANY = VERSIONS.order_by(orders.c.order_id).with_for_update(of=orders)
_NEW_ORDERS, _ORDER_ARRAYS = inserting(orders, tuple(column.name for column in orders.c))
new_orders = _ORDER_ARRAYS.values
ADD_ORDERS = insert(orders).from_select(list(orders.c.keys()), _NEW_ORDERS).returning(orders.c.order_id, _VERSION)
_NEW_KEYS, _KEY_ARRAYS = inserting(request_keys, tuple(column.name for column in request_keys.c))
key_rows = _KEY_ARRAYS.values
# Sorted, as whatever locks many rows. Those that come back are new.
TAKE_KEYS = (
    insert(request_keys)
    .from_select(
        list(request_keys.c.keys()), _NEW_KEYS.order_by(_KEY_ARRAYS.table.c.operation, _KEY_ARRAYS.table.c.key)
    )
    .on_conflict_do_nothing()
    .returning(request_keys.c.operation, request_keys.c.key)
)
_KEYS = RowArrays([request_keys.c.house_id, request_keys.c.operation, request_keys.c.key], "keys")
keys_of = _KEYS.values
_IS_KEY = sa.and_(*(request_keys.c[name] == _KEYS.table.c[name] for name in ("house_id", "operation", "key")))
FIND_KEYS = sa.select(request_keys).join(_KEYS.table, _IS_KEY)
FREE_KEYS = sa.delete(request_keys).where(_IS_KEY)
_NEW_PARTS, _PART_ARRAYS = inserting(order_parts, tuple(column.name for column in order_parts.c))
new_parts = _PART_ARRAYS.values
# Sorted, so that two groups of orders of the same holds do not wait for each other. Those that come back are stored;
# of the others, another order uses the hold.
ADD_PARTS = (
    insert(order_parts)
    .from_select(
        list(order_parts.c.keys()),
        _NEW_PARTS.order_by(_PART_ARRAYS.table.c.performance_id, _PART_ARRAYS.table.c.hold_id),
    )
    .on_conflict_do_nothing(
        index_elements=[order_parts.c.house_id, order_parts.c.performance_id, order_parts.c.hold_id],
        index_where=order_parts.c.uses_hold,
    )
    .returning(order_parts.c.order_id, order_parts.c.performance_id)
)
_HOLDS = RowArrays([order_parts.c.house_id, order_parts.c.performance_id, order_parts.c.hold_id], "holds")
holds_of = _HOLDS.values
USERS_OF_HOLDS = (
    sa.select(order_parts.c.performance_id, order_parts.c.hold_id, orders.c.order_id, orders.c.state)
    .join(orders, orders.c.order_id == order_parts.c.order_id)
    .join(
        _HOLDS.table,
        sa.and_(*(order_parts.c[name] == _HOLDS.table.c[name] for name in ("house_id", "performance_id", "hold_id"))),
    )
    .where(order_parts.c.uses_hold)
)
DROP_PARTS = sa.delete(order_parts).where(
    order_parts.c.order_id == sa.any_(sa.bindparam("these", type_=ARRAY(sa.Text)))
)
_MOVED = RowArrays([orders.c.house_id, orders.c.order_id, *(orders.c[name] for name in _MOVING)], "moved")
moved_orders = _MOVED.values
MOVE = (
    sa.update(orders)
    .where(orders.c.order_id == _MOVED.table.c.order_id, _of_house(orders, _MOVED.table))
    .values({name: _MOVED.column(name) for name in _MOVING})
    .returning(orders.c.order_id, _VERSION)
)
_LOWERED = RowArrays([orders.c.house_id, orders.c.order_id, orders.c.uses], "lowered")
lowered_uses = _LOWERED.values
# Of the few orders that gave single tickets back.
LOWER_USES = (
    sa.update(orders)
    .where(orders.c.order_id == _LOWERED.table.c.order_id, _of_house(orders, _LOWERED.table))
    .values(uses=_LOWERED.column("uses"))
)
_MOVING_OF_PARTS = ("hold_until_ms", "seats", "uses_hold", "line_states")
_MOVED_PARTS = RowArrays(
    [order_parts.c.order_id, order_parts.c.place, *(order_parts.c[name] for name in _MOVING_OF_PARTS)], "part"
)
moved_parts = _MOVED_PARTS.values
_MOVE_PARTS = (
    sa.update(order_parts)
    .where(order_parts.c.order_id == _MOVED_PARTS.table.c.order_id, order_parts.c.place == _MOVED_PARTS.table.c.place)
    .values({name: _MOVED_PARTS.column(name) for name in _MOVING_OF_PARTS})
    .cte("moved_parts")
)
# In one statement, for most changes are one of an order and one of a part.
MOVE_WITH_PARTS = MOVE.add_cte(_MOVE_PARTS)
_NEW_REFUNDS, _REFUND_ARRAYS = inserting(refunds, tuple(column.name for column in refunds.c))
kept_refunds = _REFUND_ARRAYS.values
_NEW_REFUND = insert(refunds).from_select(list(refunds.c.keys()), _NEW_REFUNDS)
KEEP_REFUNDS = _NEW_REFUND.on_conflict_do_update(
    index_elements=[refunds.c.order_id, refunds.c.refund_id],
    set_={name: _NEW_REFUND.excluded[name] for name in ("amount_minor", "state", "reason", "changed_at_ms", "shares")},
)
_IS_TICKET_OF = (tickets.c.order_id == _WANTED.table.c.order_id) & _of_house(tickets, _WANTED.table)
END_TICKETS = sa.update(tickets).where(_IS_TICKET_OF).values(valid=False)
_ENDED = RowArrays([tickets.c.house_id, tickets.c.order_id, tickets.c.performance_id, tickets.c.seat_id], "ended")
ended_tickets = _ENDED.values
_HAS_ENDED = (tickets.c[name] == _ENDED.table.c[name] for name in ("house_id", "order_id", "performance_id", "seat_id"))
END_SOME_TICKETS = sa.update(tickets).where(*_HAS_ENDED).values(valid=False)

_DUE = (
    sa.select(orders.c.order_id)
    .where(orders.c.next_step_at_ms <= sa.bindparam("now_ms"), orders.c.lease_until_ms <= sa.bindparam("now_ms"))
    .order_by(orders.c.next_step_at_ms)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update(skip_locked=True)
    .cte("due")
)
# Over all houses: the saga works for each of them.
LEASE_DUE = (
    sa.update(orders)
    .where(orders.c.order_id.in_(sa.select(_DUE.c.order_id)))
    .values(lease_token=sa.bindparam("token"), lease_until_ms=sa.bindparam("until_ms"))
    .returning(orders.c.order_id)
)
THESE = ORDER.where(orders.c.order_id == sa.any_(sa.bindparam("these", type_=ARRAY(sa.Text)))).order_by(
    orders.c.next_step_at_ms
)
_COUNTS = RowArrays([counted_uses.c.house_id, counted_uses.c.counted_id, counted_uses.c.used], "counted")
counts_of = _COUNTS.values
_IS_COUNTED = sa.and_(*(counted_uses.c[name] == _COUNTS.table.c[name] for name in ("house_id", "counted_id")))
# So that there is a row to lock. Sorted, as whatever locks many rows.
BEGIN_COUNTS = (
    insert(counted_uses)
    .from_select(
        ["house_id", "counted_id", "used"],
        sa.select(_COUNTS.table.c.house_id, _COUNTS.table.c.counted_id, sa.literal(0)).order_by(
            _COUNTS.table.c.house_id, _COUNTS.table.c.counted_id
        ),
    )
    .on_conflict_do_nothing()
)
# The rows' locks make orders take turns, so that no limit is ever passed.
LOCK_COUNTS = (
    sa.select(counted_uses)
    .join(_COUNTS.table, _IS_COUNTED)
    .order_by(counted_uses.c.house_id, counted_uses.c.counted_id)
    .with_for_update(of=counted_uses)
)
SET_COUNTS = sa.update(counted_uses).where(_IS_COUNTED).values(used=_COUNTS.table.c.used)

STATES = sa.select(orders.c.house_id, orders.c.order_id, orders.c.state).join(_WANTED.table, _IS_WANTED)
UNRESOLVED = (
    sa.select(orders.c.state, sa.func.count().label("orders"))
    .where(orders.c.next_step_at_ms.is_not(None), orders.c.state.not_in(_QUIET))
    .group_by(orders.c.state)
)
