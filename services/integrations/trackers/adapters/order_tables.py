"""The table of orders that trackers may have been told of: whose they are, and what is left of them."""

from __future__ import annotations

import sqlalchemy as sa

from services.integrations.trackers.adapters.metadata import metadata

# An order over several performances has a row for each, as its events do.
order_facts = sa.Table(
    "order_facts",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    # '' until it is confirmed, and where nobody is known.
    sa.Column("customer_id", sa.Text, nullable=False),
    # 0 until it is.
    sa.Column("confirmed_at_ms", sa.BigInteger, nullable=False),
    # Null until money went back; then what has not.
    sa.Column("left_minor", sa.BigInteger),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("refunded_at_ms", sa.BigInteger, nullable=False),
    # Of the last event; it is forgotten some time after.
    sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_order_facts_changed_at_ms", order_facts.c.changed_at_ms)
