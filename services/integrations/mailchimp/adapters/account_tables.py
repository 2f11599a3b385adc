"""Tables of accounts, syncs and audiences."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.contracts.answer_rows import answer_table
from services.integrations.mailchimp.adapters.metadata import metadata

# `sealed`: the key, opened with the deployment's sealing secret only.
accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("data_centre", sa.Text, nullable=False),
    sa.Column("tail", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("set_at_ms", sa.BigInteger, nullable=False),
)

# `merge_fields`: [[tag, value], ...]. `first_done`: those who had consented before it was made are over.
audience_syncs = sa.Table(
    "audience_syncs",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("sync_id", sa.Text, primary_key=True),
    sa.Column("consent_id", sa.Text, nullable=False),
    sa.Column("consent_title", sa.Text, nullable=False),
    sa.Column("list_id", sa.Text, nullable=False),
    sa.Column("merge_fields", JSONB, nullable=False),
    sa.Column("sends_language", sa.Boolean, nullable=False),
    sa.Column("tags", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("joining", sa.Text, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("permissions", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("archived", sa.Boolean, nullable=False),
    sa.Column("first_done", sa.Boolean, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.CheckConstraint("joining IN ('SUBSCRIBED', 'PENDING')", name="joining"),
    sa.CheckConstraint("direction IN ('ONE_WAY', 'TWO_WAY')", name="direction"),
)
sa.Index(
    "uq_audience_syncs_active",
    audience_syncs.c.house_id,
    audience_syncs.c.consent_id,
    audience_syncs.c.list_id,
    unique=True,
    postgresql_where=sa.text("NOT archived"),
)

# `sealed_secret`: the end of the address that MailChimp tells us under.
audiences = sa.Table(
    "audiences",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("list_id", sa.Text, primary_key=True),
    sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
    sa.Column("is_two_way", sa.Boolean, nullable=False),
    sa.Column("compared_at_ms", sa.BigInteger, nullable=False),
    sa.Column("compared_whole_at_ms", sa.BigInteger, nullable=False),
)

idempotency_keys = answer_table(metadata)
