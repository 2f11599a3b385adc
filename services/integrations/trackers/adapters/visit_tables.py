"""Tables of visits, of orders' visits, and of what trackers were told; all forgotten after days."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.integrations.trackers.adapters.metadata import metadata

visits = sa.Table(
    "visits",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("visit_id", sa.Text, primary_key=True),
    # {kind: [granted, at_ms]}.
    sa.Column("consents", JSONB, nullable=False),
    # What the browser brought along, as far as it is allowed; null where nothing is.
    sa.Column("sealed_traces", sa.LargeBinary),
    sa.Column("recorded_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_visits_recorded_at_ms", visits.c.recorded_at_ms)

# Of orders for performances with a tracker: what is known by the funnel and by the order's confirmation, in any order.
sales = sa.Table(
    "sales",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    # '' until it is known.
    sa.Column("visit_id", sa.Text, nullable=False),
    sa.Column("amount_minor", sa.BigInteger),
    sa.Column("currency", sa.Text),
    sa.Column("tickets", sa.Integer, nullable=False),
    # 0 until it is.
    sa.Column("confirmed_at_ms", sa.BigInteger, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_sales_created_at_ms", sales.c.created_at_ms)

tracker_calls = sa.Table(
    "tracker_calls",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("tracker_id", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    # Orders the list; ids sort by the time they were made.
    sa.Column("call_id", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("performance_id", sa.Text, nullable=False),
    sa.Column("visit_id", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    # Each 0 until it has happened.
    sa.Column("handed_out_at_ms", sa.BigInteger, nullable=False),
    sa.Column("reached_at_ms", sa.BigInteger, nullable=False),
    sa.Column("queued_at_ms", sa.BigInteger, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_tracker_calls_created_at_ms", tracker_calls.c.created_at_ms)
sa.Index("ix_tracker_calls_call_id", tracker_calls.c.house_id, tracker_calls.c.call_id)
