"""The table of resellers' API keys; of secrets only hashes."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.accounts.adapters.metadata import metadata

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("house_id", sa.Text, sa.ForeignKey("houses.house_id"), primary_key=True),
    # Unique over all houses: whoever has a whole key names no house.
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("reseller_id", sa.Text, nullable=False),
    sa.Column("reseller_name", sa.Text, nullable=False),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False),
    # services.accounts.domain.api_key.KeyScope, by its fields' names.
    sa.Column("scope", JSONB, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    # NULL: never.
    sa.Column("last_used_at_ms", sa.BigInteger),
    # NULL: it is good.
    sa.Column("withdrawn_at_ms", sa.BigInteger),
    sa.UniqueConstraint("key_id"),
)
sa.Index("ix_api_keys_as_made", api_keys.c.house_id, api_keys.c.created_at_ms, api_keys.c.key_id)
