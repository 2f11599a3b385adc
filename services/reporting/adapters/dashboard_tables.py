"""Dashboards that people have made. They belong to people, and what they choose may be of any house."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.reporting.adapters.metadata import metadata

own_dashboards = sa.Table(
    "own_dashboards",
    metadata,
    sa.Column("person_id", sa.Text, primary_key=True),
    sa.Column("dashboard_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("menu_place", sa.Integer, nullable=False),
    sa.Column("house_ids", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("production_ids", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("performance_ids", sa.ARRAY(sa.Text), nullable=False),
    # Which house showed a production or performance when it was chosen, by the id of that.
    sa.Column("seen_in", JSONB, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("archived_at_ms", sa.BigInteger),
    sa.Column("revision", sa.Integer, nullable=False),
)

# First answers of writes (RULE 27).
dashboard_keys = sa.Table(
    "dashboard_keys",
    metadata,
    sa.Column("person_id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_hash", sa.LargeBinary, nullable=False),
    sa.Column("answer", sa.LargeBinary),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Index("ix_dashboard_keys_created_at_ms", "created_at_ms"),
)
