"""The table of first answers to writes (RULE 27)."""

from __future__ import annotations

import sqlalchemy as sa

from services.reporting.adapters.metadata import metadata

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_hash", sa.LargeBinary, nullable=False),
    # Null only inside the transaction that has claimed the key.
    sa.Column("answer", sa.LargeBinary),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_idempotency_keys_created_at_ms", idempotency_keys.c.created_at_ms)
