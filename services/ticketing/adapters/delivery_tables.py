"""The table of letters to buyers. Ids only: whom one goes to is asked when it leaves, another address is sealed."""

from __future__ import annotations

import sqlalchemy as sa

from services.ticketing.adapters.metadata import metadata

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("delivery_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("occasion", sa.Text, nullable=False),
    sa.Column("performance_id", sa.Text, nullable=False),
    sa.Column("happened_at_ms", sa.BigInteger, nullable=False),
    # Of a move: when the performance was to begin before it.
    sa.Column("was_at_ms", sa.BigInteger, nullable=False),
    # Empty: whoever bought.
    sa.Column("customer_id", sa.Text, nullable=False),
    # Who bought, as far as the news said: whose names are forgotten with them.
    sa.Column("buyer_id", sa.Text, nullable=False),
    sa.Column("ticket_ids", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.BigInteger, nullable=False),
    sa.Column("unknown", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    # When it is looked at next; leasing it moves this on.
    sa.Column("due_at_ms", sa.BigInteger, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_at_ms", sa.BigInteger),
    # Where it goes instead, until it has ended.
    sa.Column("sealed_email", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("(ended_at_ms IS NULL) = (state IN ('DUE', 'SENDING'))", name="ended"),
    sa.CheckConstraint("ended_at_ms IS NULL OR sealed_email = ''", name="forgotten"),
)
sa.Index(
    "uq_deliveries_occasion",
    deliveries.c.house_id,
    deliveries.c.order_id,
    deliveries.c.kind,
    deliveries.c.performance_id,
    deliveries.c.occasion,
    deliveries.c.customer_id,
    unique=True,
)
sa.Index("ix_deliveries_due", deliveries.c.due_at_ms, postgresql_where=sa.text("ended_at_ms IS NULL"))
sa.Index("ix_deliveries_as_made", deliveries.c.house_id, deliveries.c.created_at_ms, deliveries.c.delivery_id)
sa.Index(
    "ix_deliveries_buyer", deliveries.c.house_id, deliveries.c.buyer_id, postgresql_where=sa.text("buyer_id <> ''")
)
