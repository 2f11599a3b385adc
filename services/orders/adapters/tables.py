"""The tables of the orders database. Their DDL over time is in migrations/versions."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.contracts.answer_rows import answer_table
from services.runtime.outbox.tables import inbox_table, outbox_tables
from services.runtime.sql.engine import new_metadata

metadata = new_metadata()

# What of an order is in `order_parts` and `refunds` is here too, for processes of the release before: performance_id,
# hold_id, plan_version, lines, seat_names, hold_until_ms, seats and uses_hold are the first part's. A trigger carries
# over what those processes write. Both go with the contract phase of 0005 (docs/decisions/0014).
# customer_name and customer_email are empty: customers keeps them. Those of older orders are carried over to it, and
# both go with the contract phase (docs/decisions/0029).
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("house_id", sa.Text, nullable=False),
    sa.Column("performance_id", sa.Text, nullable=False),
    sa.Column("hold_id", sa.Text, nullable=False),
    sa.Column("holder_id", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("plan_version", sa.Integer, nullable=False),
    sa.Column("lines", JSONB, nullable=False),
    # Of each line [zone, row, seat], as people read them. NULL: of a release that did not keep them.
    sa.Column("seat_names", JSONB),
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("hold_until_ms", sa.BigInteger, nullable=False),
    sa.Column("customer_name", sa.Text, nullable=False),
    sa.Column("customer_email", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("seats", sa.Text, nullable=False),
    sa.Column("payment", sa.Text, nullable=False),
    sa.Column("pay_until_ms", sa.BigInteger, nullable=False),
    sa.Column("return_url", sa.Text, nullable=False),
    sa.Column("payment_id", sa.Text, nullable=False),
    sa.Column("payment_url", sa.Text, nullable=False),
    sa.Column("cancel_reason", sa.Text),
    sa.Column("refund_reason", sa.Text, nullable=False),
    sa.Column("confirmed_at_ms", sa.BigInteger, nullable=False),
    sa.Column("state_since_ms", sa.BigInteger, nullable=False),
    # When the saga looks at it again; null when there is nothing left to do.
    sa.Column("next_step_at_ms", sa.BigInteger),
    sa.Column("step_failures", sa.Integer, nullable=False),
    sa.Column("lease_token", sa.Text, nullable=False),
    sa.Column("lease_until_ms", sa.BigInteger, nullable=False),
    # Defaults for processes of the release before, which do not know these.
    sa.Column("refunded_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("dispute", sa.Text, nullable=False, server_default="NONE"),
    # [[what is counted, how often, the limit], ...]. NULL: nothing.
    sa.Column("uses", JSONB(none_as_null=True)),
    # [[instrument, voucher, tail of its code, what it pays], ...]. NULL: none.
    sa.Column("charges", JSONB(none_as_null=True)),
    # [[performance, how many tickets one card may pay for], ...]. NULL: no bound.
    sa.Column("instrument_limits", JSONB(none_as_null=True)),
    # Account and method that the buyer chose, with a colon between them; empty: no choice.
    sa.Column("pays_by", sa.Text, nullable=False, server_default=""),
    # {of: the lines of another order that are given for it, given: [what of it is given for others, ...]}, as
    # exchange_rows has them. NULL: neither.
    sa.Column("exchange", JSONB(none_as_null=True)),
    # False of orders from before the column: none of them is held against another.
    sa.Column("uses_hold", sa.Boolean, nullable=False, server_default=sa.false()),
    # Empty on orders from before they were kept.
    sa.Column("customer_id", sa.Text, nullable=False, server_default=""),
    sa.Column("sold_by_kind", sa.Text, nullable=False, server_default=""),
    sa.Column("sold_by", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint("total_minor >= 0", name="total_not_negative"),
    sa.CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name="refunded"),
    # INV-3: nothing is confirmed without proof of payment.
    sa.CheckConstraint("state <> 'CONFIRMED' OR payment = 'CAPTURED' OR total_minor = 0", name="confirmed_is_paid"),
)
# One order a hold, while it goes on by it or has yet to give it back.
sa.Index(
    "uq_orders_hold_in_use",
    orders.c.house_id,
    orders.c.performance_id,
    orders.c.hold_id,
    unique=True,
    postgresql_where=orders.c.uses_hold,
)
sa.Index("ix_orders_due", orders.c.next_step_at_ms, postgresql_where=orders.c.next_step_at_ms.is_not(None))
sa.Index("ix_orders_house_newest", orders.c.house_id, orders.c.created_at_ms, orders.c.order_id)
sa.Index(
    "ix_orders_performance_newest",
    orders.c.house_id,
    orders.c.performance_id,
    orders.c.created_at_ms,
    orders.c.order_id,
)

sa.Index(
    "ix_orders_customer_newest",
    orders.c.house_id,
    orders.c.customer_id,
    orders.c.created_at_ms,
    orders.c.order_id,
    postgresql_where=orders.c.customer_id != "",
)

# What is still to be carried over.
sa.Index("ix_orders_old_buyers", orders.c.order_id, postgresql_where=orders.c.customer_email != "")

# `lines`: [[seat, category, ticket type, minor units, zone, row, seat name, kind, VAT class, basis points, VAT], ...].
order_parts = sa.Table(
    "order_parts",
    metadata,
    # Checked at the commit: parts are written first, for their index says whether a hold is free.
    sa.Column(
        "order_id",
        sa.Text,
        sa.ForeignKey("orders.order_id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("house_id", sa.Text, nullable=False),
    sa.Column("hold_id", sa.Text, nullable=False),
    sa.Column("plan_version", sa.Integer, nullable=False),
    sa.Column("lines", JSONB, nullable=False),
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("hold_until_ms", sa.BigInteger, nullable=False),
    sa.Column("seats", sa.Text, nullable=False),
    sa.Column("uses_hold", sa.Boolean, nullable=False),
    # Of each line {components: [[kind, minor units, VAT class, basis points, VAT], ...]} and, where something was taken
    # off, {discount: [discount, minor units, office id]}. NULL: of a release before.
    sa.Column("priced", JSONB),
    # Of each line what has become of it (LineStatus). NULL: all are VALID.
    sa.Column("line_states", JSONB(none_as_null=True)),
    sa.CheckConstraint("total_minor >= 0", name="total_not_negative"),
)
# One order a hold, while it goes on by it or has yet to give it back.
sa.Index(
    "uq_order_parts_hold_in_use",
    order_parts.c.house_id,
    order_parts.c.performance_id,
    order_parts.c.hold_id,
    unique=True,
    postgresql_where=order_parts.c.uses_hold,
)
sa.Index(
    "ix_order_parts_performance_newest",
    order_parts.c.house_id,
    order_parts.c.performance_id,
    order_parts.c.created_at_ms,
    order_parts.c.order_id,
)

# `lines`: [[performance, seat], ...], empty for the whole order or where nobody said.
refunds = sa.Table(
    "refunds",
    metadata,
    sa.Column("order_id", sa.Text, sa.ForeignKey("orders.order_id"), primary_key=True),
    sa.Column("refund_id", sa.Text, primary_key=True),
    sa.Column("house_id", sa.Text, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("lines", JSONB, nullable=False),
    sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
    # Defaults for processes of the release before, which do not know these.
    sa.Column("route", sa.Text, nullable=False, server_default="ORIGIN"),
    # [[performance, seat, component kind, minor units, VAT], ...]. NULL: nobody has worked it out.
    sa.Column("shares", JSONB(none_as_null=True)),
    sa.Column("act_id", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
)
sa.Index(
    "ix_refunds_act", refunds.c.house_id, refunds.c.act_id, refunds.c.state, postgresql_where=refunds.c.act_id != ""
)

# How often something that is limited is used by the orders that have their uses: codes, discounts, passes.
counted_uses = sa.Table(
    "counted_uses",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("counted_id", sa.Text, primary_key=True),
    sa.Column("used", sa.BigInteger, nullable=False),
    sa.CheckConstraint("used >= 0", name="used_not_negative"),
)

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("ticket_id", sa.Text, primary_key=True),
    sa.Column("house_id", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, sa.ForeignKey("orders.order_id"), nullable=False),
    sa.Column("performance_id", sa.Text, nullable=False),
    sa.Column("seat_id", sa.Text, nullable=False),
    sa.Column("barcode", sa.Text, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("valid", sa.Boolean, nullable=False),
    # Somebody else holds it than whoever bought; their code is not kept.
    sa.Column("passed_on", sa.Boolean, nullable=False, server_default=sa.false()),
    # Since when ticketing has this ticket for the seat, of one that was asked for; an older answer changes nothing.
    sa.Column("issued_at_ms", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    # When ticketing is asked who has it now.
    sa.Column("ask_at_ms", sa.BigInteger),
    sa.UniqueConstraint("barcode"),
)
sa.Index("ix_tickets_ask_at_ms", tickets.c.ask_at_ms, postgresql_where=tickets.c.ask_at_ms.is_not(None))
sa.Index("ix_tickets_order_id", tickets.c.order_id)
# The last guard at the door: one valid ticket per seat (INV-1).
sa.Index(
    "uq_tickets_valid_seat",
    tickets.c.performance_id,
    tickets.c.seat_id,
    unique=True,
    postgresql_where=tickets.c.valid,
)

request_keys = sa.Table(
    "request_keys",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("operation", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_hash", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("busy_until_ms", sa.BigInteger, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_request_keys_created_at_ms", request_keys.c.created_at_ms)

# Jobs that give a whole performance back. `after_ms`, `after_id`: the last order of the pass; '': a pass begins.
performance_refunds = sa.Table(
    "performance_refunds",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("house_id", sa.Text, nullable=False),
    sa.Column("performance_id", sa.Text, nullable=False),
    sa.Column("idempotency_key", sa.Text, nullable=False),
    sa.Column("request_hash", sa.Text, nullable=False),
    sa.Column("keep", JSONB, nullable=False),
    sa.Column("fee_minor", sa.BigInteger, nullable=False),
    sa.Column("route", sa.Text, nullable=False),
    sa.Column("release", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("started_by_kind", sa.Text, nullable=False),
    sa.Column("started_by", sa.Text, nullable=False),
    sa.Column("started_at_ms", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("after_ms", sa.BigInteger, nullable=False),
    sa.Column("after_id", sa.Text, nullable=False),
    sa.Column("pass_acted", sa.Integer, nullable=False),
    sa.Column("is_swept", sa.Boolean, nullable=False),
    sa.Column("orders_acted", sa.Integer, nullable=False),
    sa.Column("tickets_cancelled", sa.Integer, nullable=False),
    sa.Column("ended_at_ms", sa.BigInteger, nullable=False),
    sa.Column("lease_token", sa.Text, nullable=False),
    sa.Column("lease_until_ms", sa.BigInteger, nullable=False),
    sa.Column("next_at_ms", sa.BigInteger, nullable=False),
)
sa.Index(
    "uq_performance_refunds_key",
    performance_refunds.c.house_id,
    performance_refunds.c.idempotency_key,
    unique=True,
)
sa.Index(
    "ix_performance_refunds_due",
    performance_refunds.c.next_at_ms,
    postgresql_where=performance_refunds.c.state == "RUNNING",
)

# A row a version; `performance_id` '' is the house's. The rules are kept as they were said.
buyer_policies = sa.Table(
    "buyer_policies",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_by_kind", sa.Text, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("archived", sa.Boolean, nullable=False),
    sa.Column("refunds", JSONB, nullable=False),
    sa.Column("exchanges", JSONB, nullable=False),
    sa.Column("tickets", JSONB, nullable=False),
)
sa.Index("ix_buyer_policies_newest", buyer_policies.c.house_id, buyer_policies.c.since_ms)

# `parts`: what was promised for each performance, with the rules of it.
refund_requests = sa.Table(
    "refund_requests",
    metadata,
    sa.Column("refund_request_id", sa.Text, primary_key=True),
    sa.Column("house_id", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("wish", sa.Text, nullable=False),
    sa.Column("parts", JSONB, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("asked_at_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_at_ms", sa.BigInteger, nullable=False),
    sa.Column("decided_by_kind", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at_once", sa.Boolean, nullable=False),
)
sa.Index(
    "ix_refund_requests_newest",
    refund_requests.c.house_id,
    refund_requests.c.asked_at_ms,
    refund_requests.c.refund_request_id,
)
sa.Index("ix_refund_requests_order", refund_requests.c.house_id, refund_requests.c.order_id)

# One open request a ticket.
refund_request_lines = sa.Table(
    "refund_request_lines",
    metadata,
    sa.Column("refund_request_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.Column("seat_id", sa.Text, primary_key=True),
    sa.Column("house_id", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False),
)
sa.Index(
    "uq_refund_request_lines_open",
    refund_request_lines.c.house_id,
    refund_request_lines.c.order_id,
    refund_request_lines.c.performance_id,
    refund_request_lines.c.seat_id,
    unique=True,
    postgresql_where=refund_request_lines.c.is_open,
)
sa.Index("ix_refund_request_lines_performance", refund_request_lines.c.house_id, refund_request_lines.c.performance_id)

# First answers to what buyers ask by themselves; those to checking out and staff's acts are in `request_keys`.
idempotency_keys = answer_table(metadata)

outbox, outbox_sequence = outbox_tables(metadata)
inbox, inbox_sequence = inbox_table(metadata)
