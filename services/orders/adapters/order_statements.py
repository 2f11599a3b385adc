"""The order store's hot SQL, built once: a statement object that is made anew costs more than its execution."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, insert

from services.orders.adapters.tables import orders, request_keys, tickets
from services.orders.domain.order import FINAL_STATES, OrderState

_PERSONAL = {"customer_name", "customer_email"}
_COLUMNS = [column for column in orders.c if column.name not in _PERSONAL]
_TICKETS = (
    sa.select(
        sa.func.jsonb_agg(
            aggregate_order_by(
                sa.func.jsonb_build_array(tickets.c.ticket_id, tickets.c.seat_id, tickets.c.barcode), tickets.c.place
            )
        )
    )
    .where(tickets.c.order_id == orders.c.order_id, tickets.c.house_id == orders.c.house_id)
    .scalar_subquery()
    .label("tickets")
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

# Every order column but the personal ones, and `tickets` as order_rows.order_of reads them.
ORDER = sa.select(*_COLUMNS, _TICKETS)
ONE = ORDER.where(*_THIS)
ONE_LOCKED = ONE.with_for_update(of=orders)
_NEW = insert(orders)
# The order itself, or the one that uses the hold: that row is locked and left as it is.
ADD = _NEW.on_conflict_do_update(
    index_elements=[orders.c.house_id, orders.c.performance_id, orders.c.hold_id],
    index_where=orders.c.uses_hold,
    set_={"hold_id": _NEW.excluded.hold_id},
).returning(orders.c.order_id, orders.c.state)
MOVE = sa.update(orders).where(*_THIS).values({name: sa.bindparam(name) for name in _MOVING})
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
    .returning(*_COLUMNS, _TICKETS)
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
