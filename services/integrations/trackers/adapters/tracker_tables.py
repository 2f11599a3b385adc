"""Tables of trackers: what houses have, what it is attached to, and what is known of performances."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.contracts.answer_rows import answer_table
from services.integrations.trackers.adapters.metadata import metadata

trackers = sa.Table(
    "trackers",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    # Ids sort by the time they were made.
    sa.Column("tracker_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("start_event", sa.Text, nullable=False),
    sa.Column("purchase_event", sa.Text, nullable=False),
    # Of Google Ads; {} for the others.
    sa.Column("google", JSONB, nullable=False),
    sa.Column("credentials_hint", sa.Text, nullable=False),
    # Null where the server tells nothing for it.
    sa.Column("sealed_credentials", sa.LargeBinary),
    sa.Column("archived", sa.Boolean, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("tracker_id", sa.Text, primary_key=True),
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("thing_id", sa.Text, primary_key=True),
    # Orders the list; ids sort by the time they were made.
    sa.Column("attachment_id", sa.Text, nullable=False),
    sa.Column("attached_at_ms", sa.BigInteger, nullable=False),
    # A tracker of another house is none (R3.14).
    sa.ForeignKeyConstraint(["house_id", "tracker_id"], ["trackers.house_id", "trackers.tracker_id"]),
    sa.CheckConstraint("scope IN ('PERFORMANCE', 'PRODUCTION')", name="scope"),
)
sa.Index("ix_attachments_thing_id", attachments.c.house_id, attachments.c.thing_id)

shows = sa.Table(
    "shows",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.Column("production_id", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("starts_at_ms", sa.BigInteger, nullable=False),
    # The catalogue's.
    sa.Column("revision", sa.BigInteger, nullable=False),
)

idempotency_keys = answer_table(metadata)
