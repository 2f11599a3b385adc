"""Tables of endpoints, of what was told, and of idempotency keys."""

from __future__ import annotations

import sqlalchemy as sa

from services.contracts.answer_rows import answer_table
from services.integrations.webhooks.adapters.metadata import metadata, outbound_dispatch, outbound_exchange

endpoints = sa.Table(
    "endpoints",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("endpoint_id", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("event_types", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("topics", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("performance_ids", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("production_ids", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("disabled_at_ms", sa.BigInteger, nullable=False),
    sa.Column("failing_since_ms", sa.BigInteger, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    # Sealed; the former one counts until then.
    sa.Column("secret", sa.LargeBinary, nullable=False),
    sa.Column("former_secret", sa.LargeBinary),
    sa.Column("former_secret_until_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('enabled', 'gone', 'failing', 'archived')", name="state"),
)

# What was told to any endpoint of the house, as it was told: for the log, and to be told again.
told_events = sa.Table(
    "told_events",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_told_events_at_ms", told_events.c.house_id, told_events.c.at_ms, told_events.c.event_id)
sa.Index("ix_told_events_created_at_ms", told_events.c.created_at_ms)

# Which production a performance is of, learned from the catalogue.
shows = sa.Table(
    "shows",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.Column("production_id", sa.Text, nullable=False),
)

idempotency_keys = answer_table(metadata)

# The delivery log looks at the outbound base's tables by endpoint, and at the tries of one event.
sa.Index(
    "ix_outbound_dispatch_of_target",
    outbound_dispatch.c.house_id,
    outbound_dispatch.c.target_id,
    outbound_dispatch.c.made_at_ms,
    outbound_dispatch.c.dispatch_id,
)
sa.Index(
    "ix_outbound_exchange_about",
    outbound_exchange.c.house_id,
    outbound_exchange.c.target_id,
    outbound_exchange.c.about,
    outbound_exchange.c.at_ms,
)
sa.Index(
    "ix_outbound_dispatch_latest",
    outbound_dispatch.c.house_id,
    outbound_dispatch.c.target_id,
    outbound_dispatch.c.about,
    postgresql_where=sa.text("key LIKE 'latest:%'"),
)
