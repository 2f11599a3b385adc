"""The order store's hot SQL, built once: a statement object that is made anew costs more than its execution."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, insert

from services.orders.adapters.tables import counted_uses, order_parts, orders, refunds, request_keys, tickets
from services.orders.domain.order import FINAL_STATES, OrderState

_PERSONAL = {"customer_name", "customer_email"}
# Read by the release before only; parts and refunds have them.
_OF_PARTS = {"performance_id", "hold_id", "plan_version", "lines", "seat_names", "hold_until_ms", "seats", "uses_hold"}
_OF_REFUNDS = {"refund_reason", "refunded_minor"}
_COLUMNS = [column for column in orders.c if column.name not in _PERSONAL | _OF_PARTS | _OF_REFUNDS]


def _rows_of(table: sa.Table, *names: str) -> sa.Label[Any]:
    """The rows of `table` that belong to the order, as arrays of the named columns, in their places."""
    row = sa.func.jsonb_build_array(*(table.c[name] for name in names))
    of_order = (table.c.order_id == orders.c.order_id) & (table.c.house_id == orders.c.house_id)
    rows = sa.select(sa.func.jsonb_agg(aggregate_order_by(row, table.c.place))).where(of_order)
    return rows.correlate(orders).scalar_subquery().label(table.name.removeprefix("order_"))


_ROWS = (
    _rows_of(order_parts, "performance_id", "hold_id", "plan_version", "lines", "hold_until_ms", "seats", "priced"),
    _rows_of(tickets, "performance_id", "ticket_id", "seat_id", "barcode"),
    _rows_of(refunds, "refund_id", "amount_minor", "made_by", "state", "reason", "lines", "changed_at_ms"),
)
_MOVING = (
    "hold_until_ms", "state", "seats", "uses_hold", "payment", "pay_until_ms", "return_url", "payment_id",
    "payment_url", "cancel_reason", "refund_reason", "refunded_minor", "dispute", "confirmed_at_ms", "state_since_ms",
    "next_step_at_ms", "step_failures", "lease_token", "lease_until_ms",
)  # fmt: skip
_THIS = (orders.c.house_id == sa.bindparam("this_house"), orders.c.order_id == sa.bindparam("this_order"))
_KEY = (
    request_keys.c.house_id == sa.bindparam("this_house"),
    request_keys.c.operation == sa.bindparam("this_operation"),
    request_keys.c.key == sa.bindparam("this_key"),
)
_QUIET = [state.value for state in (*FINAL_STATES, OrderState.OPEN)]

# An order as order_rows.order_of reads it: nothing personal.
ORDER = sa.select(*_COLUMNS, *_ROWS)
ONE = ORDER.where(*_THIS)
# After a wait for the lock the order's row is the newest, but its parts, tickets and refunds are as they were when the
# statement began. `read_version` is the row's version of then: where `version` is another, read ONE under the lock.
_EARLIER = orders.alias("earlier")
_READ_VERSION = (
    sa.select(sa.literal_column("earlier.xmin::text"))
    .select_from(_EARLIER)
    .where(_EARLIER.c.order_id == orders.c.order_id)
    .correlate(orders)
    .scalar_subquery()
)
ONE_LOCKED = ONE.add_columns(
    sa.literal_column("orders.xmin::text").label("version"), _READ_VERSION.label("read_version")
).with_for_update(of=orders)
ADD = orders.insert()
_NEW_PART = insert(order_parts)
# The part itself, or the one that uses the hold: that row is locked and left as it is.
ADD_PART = _NEW_PART.on_conflict_do_update(
    index_elements=[order_parts.c.house_id, order_parts.c.performance_id, order_parts.c.hold_id],
    index_where=order_parts.c.uses_hold,
    set_={"hold_id": _NEW_PART.excluded.hold_id},
).returning(order_parts.c.order_id)
STATE_OF = sa.select(orders.c.state).where(orders.c.order_id == sa.bindparam("this_order"))
MOVE = sa.update(orders).where(*_THIS).values({name: sa.bindparam(name) for name in _MOVING})
_MOVED = (
    sa.func.unnest(
        sa.bindparam("moved_places", type_=ARRAY(sa.Integer)),
        sa.bindparam("moved_hold_until_ms", type_=ARRAY(sa.BigInteger)),
        sa.bindparam("moved_seats", type_=ARRAY(sa.Text)),
        sa.bindparam("moved_uses_hold", type_=ARRAY(sa.Boolean)),
    )
    .table_valued("place", "hold_until_ms", "seats", "uses_hold", name="moved")
    .render_derived()
)
_MOVE_PARTS = (
    sa.update(order_parts)
    .where(order_parts.c.order_id == sa.bindparam("this_order"), order_parts.c.place == _MOVED.c.place)
    .values(hold_until_ms=_MOVED.c.hold_until_ms, seats=_MOVED.c.seats, uses_hold=_MOVED.c.uses_hold)
    .cte("moved_parts")
)
# In one statement, for most changes are one of an order and one of a part.
MOVE_WITH_PARTS = MOVE.add_cte(_MOVE_PARTS)
_NEW_REFUND = insert(refunds)
KEEP_REFUNDS = _NEW_REFUND.on_conflict_do_update(
    index_elements=[refunds.c.order_id, refunds.c.refund_id],
    set_={name: _NEW_REFUND.excluded[name] for name in ("amount_minor", "state", "reason", "changed_at_ms")},
)
ADD_TICKETS = tickets.insert()
END_TICKETS = (
    sa.update(tickets)
    .where(tickets.c.house_id == sa.bindparam("this_house"), tickets.c.order_id == sa.bindparam("this_order"))
    .values(valid=False)
)

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
_UNMOVED = (orders.c.state == sa.bindparam("seen_state")) & (
    orders.c.state_since_ms == sa.bindparam("seen_since_ms", type_=sa.BigInteger)
)
POSTPONE = (
    sa.update(orders)
    .where(*_THIS, orders.c.lease_token == sa.bindparam("token"))
    .values(
        lease_token="",
        lease_until_ms=0,
        next_step_at_ms=sa.case(
            (_UNMOVED, sa.bindparam("until_ms", type_=sa.BigInteger)), else_=orders.c.next_step_at_ms
        ),
        step_failures=sa.case((_UNMOVED, orders.c.step_failures + 1), else_=0),
    )
)

_NEW_USE = insert(counted_uses)
_SUM = counted_uses.c.used + _NEW_USE.excluded.used
_LIMIT = sa.bindparam("limit", type_=sa.BigInteger)
# The row's lock makes orders take turns, so that the limit is never passed; no row comes back where it would be.
TAKE_USE = _NEW_USE.on_conflict_do_update(
    index_elements=[counted_uses.c.house_id, counted_uses.c.counted_id],
    set_={"used": _SUM},
    where=(_LIMIT == 0) | (_SUM <= _LIMIT),
).returning(counted_uses.c.used)
USED = sa.select(counted_uses.c.used).where(
    counted_uses.c.house_id == sa.bindparam("this_house"), counted_uses.c.counted_id == sa.bindparam("counted")
)
GIVE_USE_BACK = (
    sa.update(counted_uses)
    .where(counted_uses.c.house_id == sa.bindparam("this_house"), counted_uses.c.counted_id == sa.bindparam("counted"))
    .values(used=counted_uses.c.used - sa.bindparam("count", type_=sa.BigInteger))
)

TAKE_KEY = insert(request_keys).on_conflict_do_nothing().returning(request_keys.c.key)
FIND_KEY = sa.select(request_keys.c.request_hash, request_keys.c.order_id, request_keys.c.busy_until_ms).where(*_KEY)

_WANTED = (
    sa.func.unnest(sa.bindparam("houses", type_=ARRAY(sa.Text)), sa.bindparam("ids", type_=ARRAY(sa.Text)))
    .table_valued("house_id", "order_id", name="wanted")
    .render_derived()
)
STATES = sa.select(orders.c.house_id, orders.c.order_id, orders.c.state).join(
    _WANTED, (orders.c.order_id == _WANTED.c.order_id) & (orders.c.house_id == _WANTED.c.house_id)
)
UNRESOLVED = (
    sa.select(orders.c.state, sa.func.count().label("orders"))
    .where(orders.c.next_step_at_ms.is_not(None), orders.c.state.not_in(_QUIET))
    .group_by(orders.c.state)
)
